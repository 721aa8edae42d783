import { setTimeout as delay } from 'node:timers/promises';

/** Whether somebody answers within so many milliseconds. Never fails. */
export async function answers(ping: Promise<unknown>, withinMs: number): Promise<boolean> {
  const timer = new AbortController();
  const late = delay(withinMs, false, { signal: timer.signal }).catch(() => false);
  const answered = ping.then(
    () => true,
    () => false,
  );
  return Promise.race([answered, late]).finally(() => timer.abort());
}
