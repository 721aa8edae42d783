import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { seriousFindings } from '../support/accessibility.js';
import { DashboardUnderTest } from '../support/dashboard.js';
import { until } from '../support/until.js';

/** So short a history is in soon. */
const ENVIRONMENT = { ATTEMPTS_RETENTION_DAYS: '3' };
/** The demo's endpoint that is in trouble. */
const ENDPOINT = '/endpoints/0de30000-0000-4000-8000-000000000102';
const APPLICATION = '0de30000-0000-4000-8000-000000000010';
const JAVASCRIPT_AT_MOST_BYTES = 250_000;

let dashboard: DashboardUnderTest;
let token: string;

beforeAll(async () => {
  dashboard = await DashboardUnderTest.start([], ENVIRONMENT);
  token = await dashboard.demoToken();
}, 120_000);

afterAll(() => dashboard.stop());

afterEach(async () => {
  expect(await dashboard.closePages()).toEqual([]);
});

const slider = (page: Page, name: string) => page.getByRole('slider', { name });
const rows = (page: Page) => page.locator('table.attempts tbody tr');
const pathAndQuery = (page: Page): string => page.url().slice(dashboard.stack.gatewayUrl.length);
/** The browser tells of a change of the URL a moment after it. */
const untilAt = (page: Page, path: string): Promise<void> =>
  until(`the URL is ${path}`, () => pathAndQuery(page) === path);
const overflow = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

/** Resolves once the page shows what it is there to show. */
async function untilFilled(page: Page, path: string): Promise<void> {
  if (path === '/' || path.startsWith('/endpoints/')) await slider(page, 'Latency by hour').waitFor();
  if (path === '/') await page.getByRole('link', { name: 'Stablecoin ledger' }).waitFor();
  if (path === '/attempts') await rows(page).first().getByRole('link').waitFor();
  if (path === '/migration') await page.getByRole('heading', { name: 'Backfill' }).waitFor();
}

test('a newcomer sees the numbers of the demo after one click', async () => {
  const page = await dashboard.open('/');
  await page.getByRole('button', { name: 'Open the demo' }).click();
  await untilFilled(page, '/');
  await until('the page is live', async () => (await page.locator('.live').textContent()) === 'Live');
  expect(await page.locator('.figures dt').allTextContents()).toEqual([
    'Events',
    'Attempts',
    'Success rate',
    'Latency p50',
    'Latency p95',
    'Latency p99',
  ]);
  expect(pathAndQuery(page)).toBe('/');

  await page.getByRole('link', { name: 'Collection index (staging)' }).click();
  await page.getByRole('heading', { name: 'Collection index (staging)' }).waitFor();
  expect(await page.evaluate('window.scrollY')).toBe(0);
  expect(await page.evaluate('document.activeElement.id')).toBe('content');
});

test('the overview needs little JavaScript, and nothing from elsewhere', async () => {
  const page = await dashboard.blank({ token });
  const urls: string[] = [];
  page.on('request', (request) => urls.push(request.url()));
  await page.goto(`${dashboard.stack.gatewayUrl}/`);
  await untilFilled(page, '/');
  expect(urls.filter((url) => !url.startsWith(dashboard.stack.gatewayUrl))).toEqual([]);
  const scripts = await Promise.all(urls.filter((url) => url.endsWith('.js')).map((url) => fetch(url)));
  expect(scripts.map((script) => script.headers.get('content-encoding'))).toContain('gzip');
  const bodies = await Promise.all(scripts.map((script) => script.text()));
  expect(bodies.reduce((sum, body) => sum + gzipSync(body).length, 0)).toBeLessThan(JAVASCRIPT_AT_MOST_BYTES);
});

test.each(['/', ENDPOINT, '/attempts', '/migration'])(
  '%s can be used by anybody, in light and in dark',
  async (path) => {
    const page = await dashboard.open(path, { token });
    await untilFilled(page, path);
    expect(await seriousFindings(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await seriousFindings(page)).toEqual([]);
  },
);

test('so can an attempt with its event', async () => {
  const page = await dashboard.open('/attempts', { token });
  await rows(page).first().getByRole('link').click();
  await page.getByRole('heading', { name: 'Attempts to deliver this event' }).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await seriousFindings(page)).toEqual([]);
});

test('so can the way in', async () => {
  const page = await dashboard.open('/');
  await page.getByRole('button', { name: 'Open the demo' }).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await seriousFindings(page)).toEqual([]);
});

test.each([360, 768])('on a screen of %i pixels nothing is wider than that', async (width) => {
  const page = await dashboard.open('/', { viewport: { width, height: 1.5 * width } });
  await page.getByRole('button', { name: 'Open the demo' }).click();
  for (const path of ['/', ENDPOINT, '/attempts', '/migration']) {
    await page.goto(`${dashboard.stack.gatewayUrl}${path}`);
    await untilFilled(page, path);
    expect([path, await overflow(page)]).toEqual([path, 0]);
  }
  await page.goto(`${dashboard.stack.gatewayUrl}/attempts`);
  await rows(page).first().getByRole('link').click();
  await page.getByRole('heading', { name: 'Attempts to deliver this event' }).waitFor();
  expect(await overflow(page)).toBe(0);
});

test('the attempts are narrowed by filters that the URL keeps, and go on as one scrolls', async () => {
  const page = await dashboard.open('/attempts?range=3d', { token });
  await page.getByLabel('Failed').check();
  await until('only failed ones are left', async () => {
    const statuses = await page.locator('.attempts .status').allTextContents();
    return statuses.length > 0 && statuses.every((status) => status === 'Failed');
  });
  const before = await rows(page).count();
  await until('there is more', async () => {
    await page.mouse.wheel(0, 20_000);
    return (await rows(page).count()) > before;
  });

  await page.getByLabel('HTTP status codes').fill('503');
  await page.getByLabel('HTTP status codes').press('Enter');
  await page.getByLabel('Endpoint').selectOption({ label: 'Stablecoin ledger' });
  const codes = page.locator('.attempts tbody td:nth-child(5)');
  await until('only 503 are left', async () => {
    const texts = await codes.allTextContents();
    return texts.length > 0 && texts.every((code) => code === '503');
  });
  await untilAt(page, '/attempts?range=3d&status=failed&code=503&endpoint=0de30000-0000-4000-8000-000000000102');

  await rows(page).first().getByRole('link').click();
  await page.getByRole('heading', { name: /^Event: (Transfer|Approval)$/ }).waitFor();
  await page.getByText('503 Service Unavailable').first().waitFor();
  await page.goBack();
  await rows(page).first().waitFor();
  expect(await page.getByLabel('HTTP status codes').inputValue()).toBe('503');

  await page.getByRole('button', { name: 'Clear filters' }).focus();
  await page.keyboard.press('Enter');
  await untilAt(page, '/attempts?range=3d');
  await until('the focus is on the filters', () =>
    page.evaluate("document.activeElement === document.querySelector('search')"),
  );
});

test('one application is looked at by itself, from the overview to its attempts', async () => {
  const page = await dashboard.open('/', { token });
  await untilFilled(page, '/');
  const endpoints = page.locator('.endpoints tbody tr');
  expect(await endpoints.count()).toBeGreaterThan(5);
  await page.getByLabel('Application').selectOption({ label: 'Payments' });
  await untilAt(page, `/?application=${APPLICATION}`);
  await until('only its endpoints are listed', async () => (await endpoints.count()) === 5);
  await slider(page, 'Latency by hour').waitFor();
  expect(await endpoints.locator('small').allTextContents()).toEqual(Array(5).fill('Payments'));

  await page.getByRole('link', { name: 'Attempts' }).click();
  await untilAt(page, `/attempts?application=${APPLICATION}`);
  await untilFilled(page, '/attempts');
  const offered = page.getByLabel('Endpoint').locator('option');
  await until('only its endpoints are on offer', async () => (await offered.count()) === 6);
  const listed = new Set(await page.locator('.attempts .column-endpoint').allTextContents());
  expect([...listed].filter((name) => ['Bored Apes', 'Price alerts'].includes(name))).toEqual([]);

  await page.goto(`${dashboard.stack.gatewayUrl}/?application=none`);
  await page.getByRole('heading', { name: 'There is no such application' }).waitFor();
  await page.getByRole('link', { name: 'All applications' }).click();
  await untilFilled(page, '/');
});

test('a link says what is looked at: page, range and time zone, and never the token', async () => {
  const page = await dashboard.open(`${ENDPOINT}?range=3d&tz=UTC`, { token });
  await page.getByRole('heading', { name: 'Stablecoin ledger' }).waitFor();
  await untilFilled(page, ENDPOINT);
  expect(await page.getByLabel('Last 3 days').isChecked()).toBe(true);
  expect(await page.getByLabel('Time zone').inputValue()).toBe('UTC');
  await page.getByText('Last 6 hours').locator('..').click();
  await untilAt(page, `${ENDPOINT}?tz=UTC&range=6h`);
  await page.getByLabel('Time zone').focus();
  await page.getByLabel('Time zone').selectOption('Asia/Tokyo');
  await untilAt(page, `${ENDPOINT}?tz=Asia%2FTokyo&range=6h`);
  await page.goBack();

  await page.getByLabel('Custom').click();
  await page.getByLabel('From').fill('2026-01-02T00:00');
  await page.getByLabel('To', { exact: true }).fill('2026-01-03T00:00');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByRole('heading', { name: 'No attempts in this time' }).waitFor();
  expect(new URL(page.url()).searchParams.get('from')).toBe('2026-01-02T00:00:00.000Z');
  await page.goBack();
  await untilFilled(page, ENDPOINT);
  expect(page.url()).not.toContain(token.slice(0, 10));

  await page.goto(`${dashboard.stack.gatewayUrl}/endpoints/none`);
  await page.getByRole('heading', { name: 'There is no such endpoint' }).waitFor();
});

test('the theme is the one that was chosen, also at the next visit', async () => {
  const page = await dashboard.open('/', { token, colorScheme: 'light' });
  const ground = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor');
  await untilFilled(page, '/');
  const light = await ground();
  await page.getByRole('button', { name: 'Theme: as the system' }).click();
  await page.getByRole('button', { name: 'Theme: light' }).click();
  await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
  const dark = await ground();
  expect(dark).not.toBe(light);
  await page.reload();
  await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
  expect(await ground()).toBe(dark);
});

test('the pointer is told the hour that it is over, also near the end of it', async () => {
  const page = await dashboard.open('/', { token });
  const chart = slider(page, 'Deliveries by hour');
  const area = await chart.locator('.u-over').boundingBox();
  if (area === null) throw new Error('the chart is not shown');
  const hours = 1 + Number(await chart.getAttribute('aria-valuemax'));
  await page.mouse.move(area.x + (area.width / hours) * 2.9, area.y + area.height / 2);
  await until('the third hour is told', async () => (await chart.getAttribute('aria-valuenow')) === '2');
});

test('a page whose code cannot be fetched says so, and the others go on', async () => {
  const page = await dashboard.open('/', { token });
  await untilFilled(page, '/');
  await page.route(/\/assets\/attempts-/, (route) => route.abort());
  await page.getByRole('link', { name: 'Attempts' }).click();
  await page.getByRole('heading', { name: 'This page could not be loaded' }).waitFor();
  await page.getByRole('link', { name: 'Overview' }).click();
  await untilFilled(page, '/');
  await page.getByRole('link', { name: 'Attempts' }).click();
  await page.unroute(/\/assets\/attempts-/);
  await page.getByRole('button', { name: 'Try again' }).click();
  await untilFilled(page, '/attempts');
  // The browser and React themselves note what could not be fetched.
  expect(dashboard.complaints().filter((text) => !/ERR_FAILED|could not be fetched/.test(text))).toEqual([]);
});

test('so is how the page is looked at: the order, the series and what is a table', async () => {
  const page = await dashboard.open('/?sort=name&hide=successes,pending&table=latency', { token });
  await page.getByRole('columnheader', { name: 'Endpoint' }).waitFor();
  expect(await page.getByRole('columnheader', { name: 'Endpoint' }).getAttribute('aria-sort')).toBe('ascending');
  await page.getByRole('button', { name: 'Succeeded', pressed: false }).waitFor();
  await page.getByRole('button', { name: 'Failed', pressed: true }).waitFor();
  await page.getByRole('region', { name: 'Latency by hour' }).getByRole('table').waitFor();
  await page.getByRole('button', { name: 'Success rate' }).click();
  await untilAt(page, '/?sort=success&hide=successes%2Cpending&table=latency');
});

test('the charts can be read with the keyboard, and as tables', async () => {
  const page = await dashboard.open('/', { token });
  const chart = slider(page, 'Deliveries by hour');
  await chart.focus();
  await page.keyboard.press('ArrowRight');
  await until('the first hour is told', async () => (await chart.getAttribute('aria-valuenow')) === '0');
  await page.keyboard.press('End');
  await until('the last hour is told', async () => (await chart.getAttribute('aria-valuenow')) === '24');
  await page.keyboard.press('Home');
  await until('the first hour is told again', async () => (await chart.getAttribute('aria-valuenow')) === '0');
  expect(await chart.getAttribute('aria-valuetext')).toMatch(/ to \d\d:00: Failed \d+, Expired \d+, /);
  await page.getByRole('button', { name: 'Succeeded' }).click();
  await page.getByRole('button', { name: 'Table' }).first().click();
  await untilAt(page, '/?hide=successes&table=deliveries');
  const table = page.getByRole('region', { name: 'Deliveries by hour' }).getByRole('table');
  await table.waitFor();
  expect(await table.getByRole('row').count()).toBeGreaterThan(24);
});
