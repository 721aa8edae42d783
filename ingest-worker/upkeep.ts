import { setTimeout as delay } from 'node:timers/promises';
import { UpstreamError } from '../src/platform/errors.js';
import type { Logger } from '../src/platform/logger.js';
import type { Store } from '../src/records/migration-phase.js';
import { type RedisNames, STREAMS } from '../src/records/names.js';
import { showLife } from '../src/stores/redis/consumers.js';
import type { RedisDatabase } from '../src/stores/redis/database.js';
import { trimStream } from '../src/stores/redis/trim.js';

const LIFE_EVERY_MS = 1_000;
/** A worker silent for so long is taken for dead, and its entries are taken over. */
export const LIFE_TTL_MS = 4_000;
const TRIM_EVERY_MS = 2_000;

interface UpkeepOptions {
  readonly redis: RedisDatabase;
  readonly names: RedisNames;
  readonly consumer: string;
  /** The groups that there should be on each stream now. */
  readonly groups: () => readonly Store[];
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Shows that this worker lives and trims what every group has finished, until the signal aborts. */
export async function keepUp({ redis, names, consumer, groups, logger, signal }: UpkeepOptions): Promise<void> {
  await Promise.all([
    repeat(LIFE_EVERY_MS, 'show life', () => showLife(redis, names, consumer, LIFE_TTL_MS)),
    repeat(TRIM_EVERY_MS, 'trim', async () => {
      for (const stream of STREAMS) await trimStream(redis, names, stream, groups());
    }),
  ]);

  async function repeat(everyMs: number, task: string, call: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      await call().catch((error: unknown) => {
        if (!(error instanceof UpstreamError)) throw error;
        logger.warn({ error, task }, 'failed, will try again');
      });
      await delay(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
