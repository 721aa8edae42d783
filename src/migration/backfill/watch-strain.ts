import { setTimeout as delay } from 'node:timers/promises';
import { UpstreamError } from '../../platform/errors.js';
import { STORES } from '../../records/migration-phase.js';
import { STREAMS } from '../../records/names.js';
import { groupFigures } from '../../stores/redis/group-figures.js';
import type { MoveServices } from '../move-services.js';
import type { Pace, Strain } from './pace.js';

const EVERY_MS = 500;

/** Lets the pace know how live traffic is doing, until the signal aborts. */
export async function watchStrain(services: MoveServices, pace: Pace, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
    try {
      pace.judge(await strainOf(services));
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof UpstreamError)) throw error;
      pace.judge({ answerMs: Number.POSITIVE_INFINITY, waitingMs: 0 });
    }
  }
}

async function strainOf({ postgres, clickhouse, redis, names }: MoveServices): Promise<Strain> {
  const asked = performance.now();
  await Promise.all([postgres.query({ name: 'backfill_probe', text: 'SELECT 1' }), clickhouse.ping()]);
  const answerMs = performance.now() - asked;
  const groups = STORES.flatMap((group) => STREAMS.map((stream) => ({ names, stream, group })));
  const figures = await Promise.all(groups.map((group) => groupFigures(redis, group)));
  const oldest = Math.min(...figures.map(({ oldestPendingAt }) => oldestPendingAt ?? Number.POSITIVE_INFINITY));
  return { answerMs, waitingMs: Math.max(0, Date.now() - oldest) };
}
