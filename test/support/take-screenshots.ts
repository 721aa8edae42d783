import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, test } from '@jest/globals';
import { DashboardUnderTest } from './dashboard.js';

const FOLDER = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const SCHEMES = ['light', 'dark'] as const;

let dashboard: DashboardUnderTest;
let token: string;

beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  dashboard = await DashboardUnderTest.start([]);
  token = await dashboard.demoToken();
});

afterAll(() => dashboard.stop());

test.each(SCHEMES)('the overview, in %s', async (colorScheme) => {
  const page = await dashboard.open('/?tz=UTC', { token, colorScheme, viewport: { width: 1180, height: 1060 } });
  await page.getByRole('slider', { name: 'Latency by hour' }).waitFor();
  await page.getByRole('link', { name: 'Stablecoin ledger' }).waitFor();
  await page.locator('.live[data-state="live"]').waitFor();
  await page.screenshot({ path: `${FOLDER}overview-${colorScheme}.png` });
});

test('an attempt with its event', async () => {
  const endpoint = '0de30000-0000-4000-8000-000000000102';
  const page = await dashboard.open(`/attempts?tz=UTC&status=failed&code=503&endpoint=${endpoint}`, {
    token,
    viewport: { width: 1180, height: 860 },
  });
  await page.locator('table.attempts tbody tr').first().getByRole('link').click();
  await page.getByRole('heading', { name: 'Attempts to deliver this event' }).waitFor();
  await page.screenshot({ path: `${FOLDER}attempt.png` });
});
