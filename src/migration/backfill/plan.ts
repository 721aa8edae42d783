import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../../platform/errors.js';
import { STREAMS } from '../../records/names.js';
import { BackfillStore, type TablePlan } from '../../stores/postgres/backfill-store.js';
import { rowsInTime } from '../../stores/postgres/history-rows.js';
import { type PhaseRow, PhaseStore } from '../../stores/postgres/phase-store.js';
import { streamsWithGroup } from '../../stores/redis/group-progress.js';
import type { MoveServices } from '../move-services.js';
import { chunksOf, retentionStart } from './chunks.js';

/** Every process follows a phase within this time. */
const FOLLOW_MS = 5_000;
const GROUP_WAIT_MS = 30_000;
const POLL_MS = 100;

/** Looks at both tables and changes nothing. Fails with an UpstreamError. */
export async function planBackfill({ postgres, retention }: MoveServices, now: number): Promise<TablePlan[]> {
  const days = { events: retention.eventsDays, delivery_attempts: retention.attemptsDays };
  const plans: TablePlan[] = [];
  for (const table of STREAMS) {
    const retentionFrom = retentionStart(now, days[table]);
    const { byHour, unmovable } = await rowsInTime(postgres, table);
    plans.push({ table, retentionFrom, chunks: chunksOf(byHour, retentionFrom), unmovable });
  }
  return plans;
}

/**
 * Plans both tables, once, when everything that is written from now on reaches ClickHouse by the streams: both stores
 * are written, every worker knows it, and the groups are there. Fails with a UserError where that is not so.
 */
export async function ensurePlan(services: MoveServices): Promise<void> {
  const store = new BackfillStore(services.postgres);
  const phase = await new PhaseStore(services.postgres).read();
  assertBothWritten(phase);
  if ((await store.tables()).length === STREAMS.length) return;
  await dualWriteLive(services, phase);
  const watermark = Date.now();
  const plans = await planBackfill(services, watermark);
  if (await store.plan(phase, watermark, plans)) return;
  throw new UserError('The phase has changed while the backfill was planned. Nothing was copied; run backfill again.');
}

function assertBothWritten({ phase }: PhaseRow): void {
  if (phase === 'dual_write' || phase === 'cutover') return;
  throw new UserError(
    phase === 'postgres'
      ? 'Only Postgres is written, so that what is copied now would miss what comes later. First: ethhook-analytics phase dual_write'
      : 'The move is complete: there is nothing to copy from Postgres any more.',
  );
}

async function dualWriteLive({ redis, names, signal }: MoveServices, { since }: PhaseRow): Promise<void> {
  const wait = since + FOLLOW_MS - Date.now();
  if (wait > 0) await delay(wait, undefined, { signal });
  const deadline = performance.now() + GROUP_WAIT_MS;
  while ((await streamsWithGroup(redis, names, 'clickhouse')).length < STREAMS.length) {
    if (performance.now() > deadline) {
      throw new UserError(
        `The group clickhouse is not there on both streams, also after ${GROUP_WAIT_MS / 1000} s: no worker has followed ` +
          'the phase. See that a worker runs, then try again. Nothing was copied.',
      );
    }
    await delay(POLL_MS, undefined, { signal });
  }
}
