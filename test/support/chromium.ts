import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const FOLDERS = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/snap/bin', '/opt/google/chrome'];
const MAC = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const PACKAGES = ['chromium', 'fonts-dejavu-core'];
const BY_HAND = `sudo apt-get install -y ${PACKAGES.join(' ')}  (or Google Chrome from your system's packages)`;
/** Quiet and alone: nothing is fetched, synchronised or reported. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The machine's Chromium or Chrome; missing, as root on Debian, its package installed. */
function findChromium(say: (message: string) => void): string {
  const candidates = [...NAMES.flatMap((name) => FOLDERS.map((folder) => join(folder, name))), ...MAC];
  const find = (): string | undefined => candidates.find((path) => runs(path));
  const found = find();
  if (found !== undefined) return found;
  if (process.getuid?.() !== 0 || !runs('apt-get')) {
    throw new Error(`Chromium is missing, and the browser tests need it. Run: ${BY_HAND}`);
  }
  say(`Chromium is missing: installing the packages ${PACKAGES.join(' and ')} with apt-get`);
  apt('update', '-qq');
  apt('install', '-qq', '-y', '--no-install-recommends', ...PACKAGES);
  const installed = find();
  if (installed !== undefined) return installed;
  throw new Error(`Chromium was installed and does not run. Run: ${BY_HAND}`);
}

const runs = (path: string): boolean => spawnSync(path, ['--version'], { stdio: 'ignore' }).status === 0;

function apt(...args: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, stderr, error } = spawnSync('apt-get', args, { encoding: 'utf8', env });
  if (status === 0) return;
  throw new Error(
    `Chromium is missing, and apt-get ${args[0]} failed: ${error?.message ?? stderr.trim()}\nRun: ${BY_HAND}`,
  );
}

/** A browser with a new profile. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: findChromium((message) => process.stderr.write(`${message}\n`)),
    args: ARGUMENTS,
    timeout: 60_000,
  });
