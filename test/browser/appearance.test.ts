import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { seriousFindings } from '../support/accessibility.js';
import { DashboardUnderTest, layoutShift, STANDS_STILL } from '../support/dashboard.js';
import { until } from '../support/until.js';

const APPLICATION = '0de30000-0000-4000-8000-000000000010';
const ENDPOINT = '0de30000-0000-4000-8000-000000000102';
const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 720 };
/** What the walks below press before they know that a page goes on like this. */
const STEPS = 50;

let dashboard: DashboardUnderTest;
let token: string;

beforeAll(async () => {
  dashboard = await DashboardUnderTest.start([], { ATTEMPTS_RETENTION_DAYS: '3' });
  token = await dashboard.demoToken();
}, 120_000);

afterAll(() => dashboard.stop());

afterEach(async () => {
  expect(await dashboard.closePages()).toEqual([]);
});

const painted = (page: Page): Promise<void> =>
  page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');

/** Lets answers come one at a time, each after what came with the one before has been painted. */
async function answerOneByOne(page: Page): Promise<void> {
  let before = Promise.resolve();
  await page.route(/\/(graphql|settings\.json)$/, async (route) => {
    const response = await route.fetch();
    before = before.then(() => painted(page)).then(() => route.fulfill({ response }));
    await before;
  });
}

const isFilled = async (page: Page): Promise<boolean> =>
  (await page.locator('.card, .empty').count()) > 0 &&
  (await page.locator('.skeleton, [aria-busy=true]').count()) === 0;

test.each([
  '/',
  '/?range=1h',
  '/?range=30d',
  '/?range=90d',
  '/?range=6h&table=deliveries,latency',
  `/?application=${APPLICATION}`,
  `/endpoints/${ENDPOINT}`,
  '/attempts',
  `/attempts?application=${APPLICATION}&endpoint=${ENDPOINT}`,
  '/migration',
])('nothing on %s moves as it comes', async (path) => {
  for (const viewport of [WIDE, PHONE]) {
    const page = await dashboard.blank({ token, viewport });
    await answerOneByOne(page);
    await page.goto(`${dashboard.stack.gatewayUrl}${path}`);
    await until('everything is there', () => isFilled(page));
    await painted(page);
    expect(await layoutShift(page)).toBeLessThan(STANDS_STILL);
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  }
});

test.each([WIDE, PHONE])('what is chosen can be read, however long it is, %o', async (viewport) => {
  const zone = 'America/Argentina/ComodRivadavia';
  const page = await dashboard.open(`/attempts?tz=${zone}&application=${APPLICATION}&endpoint=${ENDPOINT}`, {
    token,
    viewport,
  });
  await page.getByLabel('Endpoint').getByRole('option', { name: 'Stablecoin ledger' }).waitFor({ state: 'attached' });
  await until('everything is there', () => isFilled(page));
  /** What is left of the room for each choice once its text and the arrow are there, pixels. */
  const room: number[] = await page.evaluate(`[...document.querySelectorAll('select')].map((select) => {
    const { font, paddingLeft, paddingRight } = getComputedStyle(select);
    const context = document.createElement('canvas').getContext('2d');
    context.font = font;
    const text = context.measureText(select.selectedOptions[0].text).width;
    return select.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight) - text;
  })`);
  expect(room).toHaveLength(3);
  expect(Math.min(...room)).toBeGreaterThan(10);
});

/** Where Tab leads next: what has the focus, and what is wrong with how it is seen. */
const TAB_STOP = `(() => {
  const element = document.activeElement;
  if (element === document.body) return null;
  const rings = [element, element.nextElementSibling].filter(Boolean).map((one) => getComputedStyle(one).outlineStyle);
  const { x, y, width, height, top, bottom } = element.getBoundingClientRect();
  const there = document.elementFromPoint(x + width / 2, y + Math.min(height, 40) / 2);
  return {
    name: element.getAttribute('aria-label') ?? element.innerText ?? element.value,
    isMarked: rings.some((style) => style !== 'none'),
    isInSight: top >= 0 && bottom <= innerHeight && element.parentElement.contains(there),
  };
})()`;

interface TabStop {
  readonly name: string;
  readonly isMarked: boolean;
  readonly isInSight: boolean;
}

test.each(['/', '/?table=deliveries', `/endpoints/${ENDPOINT}`, '/attempts', '/migration'])(
  'with the Tab key one comes through all of %s, and sees where one is',
  async (path) => {
    const page = await dashboard.open(path, { token });
    await until('everything is there', () => isFilled(page));
    const stops: TabStop[] = [];
    for (let step = 0; step < STEPS; step += 1) {
      await page.keyboard.press('Tab');
      const stop: TabStop | null = await page.evaluate(TAB_STOP);
      if (stop === null) break;
      stops.push(stop);
    }
    expect(stops.filter(({ isMarked, isInSight }) => !isMarked || !isInSight)).toEqual([]);
    expect(stops.slice(0, 3).map(({ name }) => name)).toEqual(['Skip to content', 'ethhook', 'Overview']);
    expect(stops.length).toBeGreaterThan(5);
  },
);

test('a path that leads nowhere says so to a person, with the way home, and to a program in JSON', async () => {
  const page = await dashboard.blank();
  const answer = await page.goto(`${dashboard.stack.gatewayUrl}/nowhere`);
  expect(answer?.status()).toBe(404);
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByRole('link', { name: 'To the overview' }).click();
  await page.getByRole('button', { name: 'Open the demo' }).waitFor();
  // The browser itself notes the status.
  expect(dashboard.complaints().filter((text) => !text.includes('404'))).toEqual([]);

  const toProgram = await fetch(`${dashboard.stack.gatewayUrl}/nowhere`);
  expect(toProgram.status).toBe(404);
  expect(await toProgram.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
});
