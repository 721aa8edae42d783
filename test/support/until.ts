import { setTimeout as delay } from 'node:timers/promises';

/** Resolves once the condition holds. Fails where it does not within so many seconds. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, seconds = 20): Promise<void> {
  const deadline = Date.now() + seconds * 1_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await delay(20);
  }
}
