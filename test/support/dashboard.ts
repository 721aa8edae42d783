import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { openBrowser } from './chromium.js';
import { type RunningCommand, readStack, startUp } from './up-process.js';

/** A page may take so long to show something on a machine with other things to do, milliseconds. */
const PATIENCE_MS = 30_000;

/** Less than this is nothing that anybody sees: see {@link layoutShift}. */
export const STANDS_STILL = 0.005;

/** How far what was on a page has moved by itself since it was opened: shares of the window, as browsers reckon it. */
export const layoutShift = (page: Page): Promise<number> =>
  page.evaluate(`(() => {
    const observer = new PerformanceObserver(() => {});
    observer.observe({ type: 'layout-shift', buffered: true });
    return observer.takeRecords().reduce((sum, { value, hadRecentInput }) => sum + (hadRecentInput ? 0 : value), 0);
  })()`);

type OpenOptions = BrowserContextOptions & { readonly token?: string };

/** A whole system of its own, and a browser that looks at it. */
export class DashboardUnderTest {
  readonly dataDir: string;
  readonly #up: RunningCommand;
  readonly #browser: Browser;
  #complaints: string[] = [];

  private constructor(dataDir: string, up: RunningCommand, browser: Browser) {
    this.dataDir = dataDir;
    this.#up = up;
    this.#browser = browser;
  }

  static async start(
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<DashboardUnderTest> {
    const browser = await openBrowser();
    const dataDir = mkdtempSync(join(tmpdir(), 'ethhook-browser-'));
    chmodSync(dataDir, 0o755);
    try {
      const up = await startUp(dataDir, ['--port', '0', ...args], environment);
      return new DashboardUnderTest(dataDir, up, browser);
    } catch (error) {
      await browser.close();
      rmSync(dataDir, { recursive: true, force: true });
      throw error;
    }
  }

  /** What the demo signs in with at one click. */
  async demoToken(): Promise<string> {
    const settings = await fetch(`${this.stack.gatewayUrl}/dashboard/settings.json`);
    const { demoToken }: { demoToken: string } = JSON.parse(await settings.text());
    return demoToken;
  }

  get stack() {
    return readStack(this.dataDir);
  }

  /** Opens a path as somebody with a browser of their own; with a token, signed in. */
  async open(path: string, options: OpenOptions = {}): Promise<Page> {
    const page = await this.blank(options);
    await page.goto(`${this.stack.gatewayUrl}${path}`);
    return page;
  }

  /** The same before anything is opened. */
  async blank({ token, ...options }: OpenOptions = {}): Promise<Page> {
    const context = await this.#browser.newContext({
      viewport: { width: 1280, height: 800 },
      colorScheme: 'light',
      timezoneId: 'Europe/Berlin',
      reducedMotion: 'reduce',
      ...options,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    if (token !== undefined) {
      await context.addInitScript(`sessionStorage.setItem('ethhook:token', ${JSON.stringify(token)})`);
    }
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.#complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.#complaints.push(error.message));
    return page;
  }

  /** What pages complained about since this was last asked: errors on the console, refusals of the policy, exceptions. */
  complaints(): string[] {
    const complaints = this.#complaints;
    this.#complaints = [];
    return complaints;
  }

  /** Closes every page. Resolves to what they complained about. */
  async closePages(): Promise<string[]> {
    await Promise.all(this.#browser.contexts().map((context) => context.close()));
    return this.complaints();
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    this.#up.process.kill('SIGINT');
    await this.#up.ended;
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
