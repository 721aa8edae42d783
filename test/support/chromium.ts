import { type Browser, chromium } from 'playwright-core';

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

/** A browser with a new profile. Which one: see chromium-setup.mjs. */
export function openBrowser(): Promise<Browser> {
  const executablePath = process.env['ETHHOOK_TEST_CHROMIUM'];
  if (executablePath === undefined) throw new Error('Chromium is looked for by the project "browser" only');
  return chromium.launch({ executablePath, args: ARGUMENTS, timeout: 60_000 });
}
