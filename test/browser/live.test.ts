import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Page, WebSocketRoute } from 'playwright-core';
import * as operations from '../../dashboard/api/operations.js';
import { PostgresDatabase } from '../../src/stores/postgres/database.js';
import { RedisDatabase } from '../../src/stores/redis/database.js';
import { seriousFindings } from '../support/accessibility.js';
import { DashboardUnderTest, layoutShift, STANDS_STILL } from '../support/dashboard.js';
import { until } from '../support/until.js';
import { startCommand } from '../support/up-process.js';

const APPLICATION = { applicationName: 'test' };
const USER_ID = 'a0000000-0000-4000-8000-000000000001';
const ENDPOINT_ID = 'a0000000-0000-4000-8000-000000000003';
const SECONDS = 30;

/** The only document that runs, beside the dashboard's own. */
const ALLOWED = 'query Mine { me { id } }';
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

let folder: string;
let dashboard: DashboardUnderTest;
let token: string;

async function runPostgres(text: string): Promise<void> {
  const postgres = new PostgresDatabase(dashboard.stack.postgresUrl, APPLICATION);
  await postgres.query({ name: 'test', text }).finally(() => postgres.close());
}

/** Puts attempts of now onto the stream, in one entry. */
async function deliver(count: number, status: 'success' | 'failed'): Promise<void> {
  const records = Array.from({ length: count }, () =>
    JSON.stringify({
      id: randomUUID(),
      event_id: randomUUID(),
      endpoint_id: ENDPOINT_ID,
      user_id: USER_ID,
      attempt_number: 1,
      status,
      http_status_code: status === 'failed' ? 503 : 200,
      response_time_ms: 90,
      error_message: null,
      created_at: new Date().toISOString(),
    }),
  );
  const redis = new RedisDatabase(dashboard.stack.redisUrl, APPLICATION);
  await redis.command('XADD', 'ethhook:delivery_attempts', '*', 'records', records.join('\n'));
  redis.close();
}

const attemptsFigure = (page: Page): Promise<string | null> =>
  page.locator('.figures > div:nth-child(2) .figure').textContent();
const showsAttempts = (page: Page, count: number): Promise<void> =>
  until(`the page shows ${count} attempts`, async () => (await attemptsFigure(page)) === count.toString(), SECONDS);
const isLive = (page: Page): Promise<void> =>
  until('the page is live', async () => (await page.locator('.live').textContent()) === 'Live', SECONDS);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ethhook-allow-list-'));
  const list = join(folder, 'allowed.json');
  writeFileSync(list, JSON.stringify({ [hashOf(ALLOWED)]: ALLOWED }));
  dashboard = await DashboardUnderTest.start(['--no-demo'], { ALLOWED_DOCUMENTS_FILE: list });
  await runPostgres(`INSERT INTO users (id, email) VALUES ('${USER_ID}', 'ada@example.org')`);
  const { output } = await startCommand(['token', '--data-dir', dashboard.dataDir, '--user', USER_ID]).ended;
  token = output.trim();
}, 120_000);

afterAll(async () => {
  await dashboard.stop();
  rmSync(folder, { recursive: true });
});

afterEach(async () => {
  expect(await dashboard.closePages()).toEqual([]);
});

test('a token is pasted to sign in, and one that is none, or is not taken, is refused with the reason', async () => {
  const page = await dashboard.open('/attempts?range=7d');
  const signIn = async (text: string): Promise<void> => {
    await page.getByLabel('Token').fill(text);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };
  expect(await page.getByRole('button', { name: 'Open the demo' }).count()).toBe(0);
  await signIn('me');
  await page.getByText('This is no token').waitFor();
  await signIn(`${token}x`);
  await page.getByText('You were signed out.').waitFor();
  // The browser itself notes that the gateway answered 401.
  expect(dashboard.complaints().filter((text) => !text.includes('401'))).toEqual([]);

  await signIn(`Bearer ${token}`);
  await page.getByRole('heading', { name: 'No attempts here' }).waitFor();
  expect(page.url()).toBe(`${dashboard.stack.gatewayUrl}/attempts?range=7d`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Token').waitFor();
});

test('where nothing is there yet, the page says what to do next', async () => {
  const page = await dashboard.open('/', { token });
  await page.getByRole('heading', { name: 'No endpoints yet' }).waitFor();
  await page.getByText('ada@example.org').waitFor();
  expect(await layoutShift(page)).toBeLessThan(STANDS_STILL);
  expect(await seriousFindings(page)).toEqual([]);
  expect(await page.getByRole('link', { name: 'Migration' }).count()).toBe(0);
});

test('all of the dashboard works where only the documents of an allow-list run', async () => {
  const ask = async (query: string): Promise<number> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    return (await fetch(dashboard.stack.graphqlUrl, { method: 'POST', headers, body: JSON.stringify({ query }) }))
      .status;
  };
  expect([await ask(ALLOWED), await ask('{ me { email } }')]).toEqual([200, 403]);
  for (const { text } of Object.values(operations)) expect(await ask(text)).not.toBe(403);
});

test('a burst of failures shows on the open page, with no reload', async () => {
  await runPostgres(`INSERT INTO applications (id, user_id, name)
    VALUES ('a0000000-0000-4000-8000-000000000002', '${USER_ID}', 'Shop')`);
  await runPostgres(`INSERT INTO endpoints (id, application_id, name, url)
    VALUES ('${ENDPOINT_ID}', 'a0000000-0000-4000-8000-000000000002', 'Orders', 'https://shop.example/hook')`);
  await deliver(20, 'success');
  const page = await dashboard.open('/', { token });
  await showsAttempts(page, 20);
  await isLive(page);
  await page.evaluate('window.isSamePage = true');

  await deliver(30, 'failed');
  await showsAttempts(page, 50);
  await page.getByText('60.0 % failed').waitFor();
  const chart = page.getByRole('slider', { name: 'Deliveries by hour' });
  expect(await chart.getAttribute('aria-valuetext')).toMatch(/: Failed 30, Expired 0, Succeeded 20, Pending 0$/);
  expect(await page.evaluate('window.isSamePage')).toBe(true);
});

test('the list of attempts stays as it is read, and offers what is new', async () => {
  const page = await dashboard.open('/attempts', { token });
  const rows = page.locator('table.attempts tbody tr');
  await until('all are listed', async () => (await rows.count()) === 50, SECONDS);
  const newest = (): Promise<string | null> => rows.first().getByRole('link').getAttribute('href');
  const before = await newest();
  await isLive(page);
  await deliver(1, 'success');
  const offer = page.getByRole('button', { name: 'There are newer attempts: show them' });
  await offer.waitFor();
  expect(await newest()).toBe(before);
  await offer.focus();
  await page.keyboard.press('Enter');
  await until('the new one is listed', async () => (await rows.count()) > 0 && (await newest()) !== before, SECONDS);
  await until('the focus is where the offer was', () => page.evaluate("document.activeElement.className === 'news'"));
});

test('a lost connection is told, and what was missed meanwhile shows once it is back', async () => {
  const page = await dashboard.blank({ token });
  const sockets: WebSocketRoute[] = [];
  let isAway = false;
  await page.routeWebSocket(/\/graphql$/, (socket) => {
    if (isAway) return void socket.close({ code: 1001 });
    socket.connectToServer();
    sockets.push(socket);
  });
  await page.goto(`${dashboard.stack.gatewayUrl}/`);
  await showsAttempts(page, 51);
  await isLive(page);
  isAway = true;
  await Promise.all(sockets.map((socket) => socket.close({ code: 1001 })));
  await page.getByText('The connection to the gateway is lost.').waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await deliver(9, 'success');

  await page.route(/\/graphql$/, (route) => route.abort());
  await page.getByText('Last 7 days').locator('..').click();
  await page.getByRole('alert').first().waitFor();
  // One thing at a time: a phone has no room for both.
  expect(await page.getByText('The connection to the gateway is lost.').isVisible()).toBe(false);
  await page.unroute(/\/graphql$/);
  isAway = false;
  await isLive(page);
  await showsAttempts(page, 60);
  expect(await page.getByText('The connection to the gateway is lost.').count()).toBe(0);
  // The browser itself notes what was refused.
  expect(dashboard.complaints().filter((text) => !text.includes('ERR_FAILED'))).toEqual([]);
});

test('numbers that cannot be had are told of in their place, those that cannot be renewed over them', async () => {
  const page = await dashboard.blank({ token });
  const failure = page.getByRole('alert').filter({ hasText: 'The numbers could not be loaded' });
  await page.route(/\/graphql$/, (route) => route.abort());
  await page.goto(`${dashboard.stack.gatewayUrl}/`);
  await failure.waitFor();
  await page.getByRole('heading', { name: 'Endpoints could not be loaded' }).waitFor();
  expect(await layoutShift(page)).toBeLessThan(STANDS_STILL);
  expect(await seriousFindings(page)).toEqual([]);
  await page.unroute(/\/graphql$/);
  await failure.getByRole('button', { name: 'Try again' }).click();
  await showsAttempts(page, 60);

  await isLive(page);
  await page.route(/\/graphql$/, (route) => route.abort());
  await deliver(1, 'success');
  await failure.waitFor();
  expect(await attemptsFigure(page)).toBe('60');
  await page.unroute(/\/graphql$/);
  await failure.getByRole('button', { name: 'Try again' }).click();
  await showsAttempts(page, 61);
  expect(await failure.count()).toBe(0);
  // The browser itself notes what was refused.
  expect(dashboard.complaints().filter((text) => !text.includes('ERR_FAILED'))).toEqual([]);
});
