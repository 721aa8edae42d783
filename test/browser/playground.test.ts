import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { seriousFindings } from '../support/accessibility.js';
import { DashboardUnderTest } from '../support/dashboard.js';
import { until } from '../support/until.js';

const SECONDS = 30;

let dashboard: DashboardUnderTest;

beforeAll(async () => {
  dashboard = await DashboardUnderTest.start([], { ATTEMPTS_RETENTION_DAYS: '1' });
}, 120_000);

afterAll(() => dashboard.stop());

afterEach(async () => {
  expect(await dashboard.closePages()).toEqual([]);
});

const answers = (page: Page, text: string): Promise<void> =>
  until(
    `the answer has ${text}`,
    async () => answerOf(await page.locator('.graphiql-response').textContent(), text),
    SECONDS,
  );
/** The editor writes blanks its own way. */
const answerOf = (shown: string | null, text: string): boolean => (shown ?? '').replaceAll(/\s/g, '').includes(text);
/** The editors come one by one: before all of them are there, nothing can be run. */
const isReady = async (page: Page): Promise<void> => {
  await page.locator('.graphiql-query-editor .view-line', { hasText: '{' }).first().waitFor();
  await page.locator('.graphiql-editor-tool .view-line', { hasText: 'authorization' }).waitFor();
  await page.locator('.graphiql-response .monaco-editor').first().waitFor();
};
const run = (page: Page): Promise<void> => page.getByRole('button', { name: /^Execute query/ }).click();

test('the examples run as they are, subscriptions too, with nothing from elsewhere', async () => {
  const page = await dashboard.blank();
  const urls: string[] = [];
  page.on('request', (request) => urls.push(request.url()));
  await page.goto(dashboard.stack.graphqlUrl);
  await isReady(page);
  expect(await page.getByRole('tab').count()).toBe(8);
  await run(page);
  await answers(page, '"dashboardStats":{"totalEvents":');

  await page.getByRole('tab', { name: 'Live' }).click();
  await run(page);
  await answers(page, '"hourlyStats":{"hour":');
  await page.getByRole('button', { name: /^Stop query/ }).click();
  await page.getByRole('button', { name: /^Execute query/ }).waitFor();

  await page.getByRole('tab', { name: 'Migration' }).click();
  await run(page);
  await answers(page, '"migration":{"phase":"CUTOVER"');
  expect(urls.filter((url) => !/^(blob:|data:)/.test(url) && !url.startsWith(dashboard.stack.gatewayUrl))).toEqual([]);
});

/** Monaco's colours, and tabs that hold a button to close them. */
const NOT_OURS = ['.monaco-editor', '.graphiql-tabs'];

test.each([
  { width: 1280, height: 800 },
  { width: 360, height: 780 },
])('it can be used by anybody, in light and in dark, %o', async (viewport) => {
  const page = await dashboard.open('/graphql', { viewport });
  await isReady(page);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await seriousFindings(page, NOT_OURS)).toEqual([]);
  }
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  await page.getByRole('link', { name: 'Query', exact: true }).waitFor();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await seriousFindings(page, NOT_OURS)).toEqual([]);
  }
  // On a phone the documentation has the place to itself.
  expect(await page.getByRole('button', { name: /^Execute query/ }).isVisible()).toBe(viewport.width > 600);
  await page.getByRole('button', { name: 'Hide Documentation Explorer' }).click();
  await page.getByRole('button', { name: /^Execute query/ }).waitFor();
});

test('the documentation of every field is at hand, and what was typed is there at the next visit', async () => {
  const page = await dashboard.open('/graphql');
  await isReady(page);
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  await page.getByRole('link', { name: 'Query', exact: true }).click();
  await page.getByRole('link', { name: 'dashboardStats', exact: true }).waitFor();
  await page.getByRole('tab', { name: 'Endpoints' }).click();
  // The editor is still being filled when the tab is chosen already.
  await page.locator('.graphiql-query-editor .view-line', { hasText: 'endpoints' }).first().waitFor();
  const remembered = (): Promise<string | null> => page.evaluate("localStorage.getItem('graphiql:tabState')");
  await until('it is remembered', async () => (await remembered())?.includes('"activeTabIndex":2') === true, SECONDS);
  const headers = page.locator('.graphiql-editor-tool .graphiql-editor:not(.hidden) .view-lines');
  await headers.click();
  await page.keyboard.press('ControlOrMeta+A');
  // The editor closes the brace.
  await page.keyboard.insertText(`{ "authorization": "Bearer ${await dashboard.demoToken()}", "x-typed": "here"`);
  await until('the headers are remembered', async () => (await remembered())?.includes('x-typed') === true, SECONDS);
  await page.reload();
  await page.getByRole('tab', { name: 'Endpoints', selected: true }).waitFor();
  await until(
    'the headers are there',
    async () => (await headers.textContent())?.includes('x-typed') === true,
    SECONDS,
  );
  await isReady(page);
  await run(page);
  await answers(page, '"endpoints":{"nodes":[');
});
