import { setTimeout as delay } from 'node:timers/promises';
import type { Store } from '../records/migration-phase.js';
import { hasFinished, streamEnds, streamsWithGroup } from '../stores/redis/group-progress.js';
import type { MoveServices } from './move-services.js';

const POLL_MS = 50;

/**
 * Waits until the groups have finished every entry that is on the streams now. Resolves to whether they have within the
 * time, milliseconds. Fails with an UpstreamError.
 */
export async function caughtUp(
  { redis, names, signal }: Pick<MoveServices, 'redis' | 'names' | 'signal'>,
  groups: readonly Store[],
  withinMs: number,
): Promise<boolean> {
  const ends = await streamEnds(redis, names);
  const deadline = performance.now() + withinMs;
  for (const group of groups) {
    while (!(await hasFinished(redis, names, group, ends))) {
      if (performance.now() > deadline) return false;
      await delay(POLL_MS, undefined, { signal });
    }
  }
  return true;
}

/** Waits until a group is on neither stream. Resolves to whether it is so within the time, milliseconds. */
export async function groupEnded(
  { redis, names, signal }: Pick<MoveServices, 'redis' | 'names' | 'signal'>,
  group: Store,
  withinMs: number,
): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while ((await streamsWithGroup(redis, names, group)).length > 0) {
    if (performance.now() > deadline) return false;
    await delay(POLL_MS, undefined, { signal });
  }
  return true;
}
