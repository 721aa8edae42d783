import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/snap/bin', '/opt/google/chrome'];
const MAC = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const PACKAGES = ['chromium', 'fonts-dejavu-core'];
const BY_HAND = `sudo apt-get install -y ${PACKAGES.join(' ')}  (or Google Chrome from your system's packages)`;

/**
 * Finds the machine's Chromium or Chrome once for all browser tests of a run; missing, as root on Debian, its package
 * is installed.
 */
export default function setup() {
  process.env.ETHHOOK_TEST_CHROMIUM = find() ?? install();
}

function find() {
  const candidates = [...NAMES.flatMap((name) => FOLDERS.map((folder) => join(folder, name))), ...MAC];
  return candidates.find((path) => runs(path));
}

function install() {
  if (process.getuid?.() !== 0 || !runs('apt-get')) {
    throw new Error(`Chromium is missing, and the browser tests need it. Run: ${BY_HAND}`);
  }
  process.stderr.write(`Chromium is missing: installing the packages ${PACKAGES.join(' and ')} with apt-get\n`);
  apt('update', '-qq');
  apt('install', '-qq', '-y', '--no-install-recommends', ...PACKAGES);
  const installed = find();
  if (installed !== undefined) return installed;
  throw new Error(`Chromium was installed and does not run. Run: ${BY_HAND}`);
}

function runs(path) {
  return spawnSync(path, ['--version'], { stdio: 'ignore' }).status === 0;
}

function apt(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, stderr, error } = spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=120', ...args], {
    encoding: 'utf8',
    env,
  });
  if (status === 0) return;
  throw new Error(
    `Chromium is missing, and apt-get ${args[0]} failed: ${error?.message ?? stderr.trim()}\nRun: ${BY_HAND}`,
  );
}
