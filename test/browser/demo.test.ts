import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { seriousFindings } from '../support/accessibility.js';
import { DashboardUnderTest } from '../support/dashboard.js';
import { until } from '../support/until.js';

/** So short a history is in soon. */
const ENVIRONMENT = { ATTEMPTS_RETENTION_DAYS: '3' };

let dashboard: DashboardUnderTest;

beforeAll(async () => {
  dashboard = await DashboardUnderTest.start([], ENVIRONMENT);
}, 120_000);

afterAll(() => dashboard.stop());

afterEach(() => {
  expect(dashboard.complaints.splice(0)).toEqual([]);
});

test('a newcomer sees the numbers of the demo after one click', async () => {
  const page = await dashboard.open('/');
  await page.getByRole('button', { name: 'Open the demo' }).click();
  await page.getByRole('heading', { name: 'Deliveries by hour' }).waitFor();
  await page.getByRole('link', { name: 'Stablecoin ledger' }).waitFor();
  await until('the page is live', async () => (await page.locator('.live').textContent()) === 'Live');
  expect(await page.locator('.figures dt').allTextContents()).toEqual([
    'Events',
    'Attempts',
    'Success rate',
    'Latency p50',
    'Latency p95',
    'Latency p99',
  ]);
  expect(page.url()).toBe(`${dashboard.stack.gatewayUrl}/`);
});

test.each(['light', 'dark'] as const)(
  'nothing on the way in is hard to use for anybody, in %s',
  async (colorScheme) => {
    const page = await dashboard.open('/', { colorScheme });
    await page.getByRole('button', { name: 'Open the demo' }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Open the demo' }).click();
    await page.getByRole('link', { name: 'Stablecoin ledger' }).waitFor();
    await page.getByRole('slider', { name: 'Latency over time' }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  },
);
