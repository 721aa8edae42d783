import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../platform/logger.js';
import type { RedisNames } from '../records/names.js';
import type { ClickHouseDatabase } from '../stores/clickhouse/database.js';
import { INSERTS_INTO_ROLLUPS, mendRollup, ROLLUP_GRAINS, type RollupGrain } from '../stores/clickhouse/mend-rollup.js';
import { type RollupDifference, rollupDifferences } from '../stores/clickhouse/rollup-differences.js';
import { runningQueries, serverTime } from '../stores/clickhouse/running-queries.js';
import { committedMessages, publishCommitted } from '../stores/redis/committed.js';
import type { RedisDatabase } from '../stores/redis/database.js';
import { mendNumber, noteMend } from '../stores/redis/rollup-audits.js';
import {
  batchesTouching,
  closeRollupGate,
  extendRollupGate,
  openRollupGate,
  type RollupGate,
} from '../stores/redis/rollup-gate.js';

/** What an audit works with. */
export interface RollupServices {
  readonly clickhouse: ClickHouseDatabase;
  readonly redis: RedisDatabase;
  readonly names: RedisNames;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** What was added to one rollup of one day. */
export interface Mend {
  readonly grain: RollupGrain;
  /** Keys whose sums were wrong. */
  readonly keys: number;
  /** Attempts that the sums lacked; negative where they had too many. */
  readonly attempts: number;
}

interface MendedDay {
  readonly mends: readonly Mend[];
  /** Whether the sums are right now; else the day could not be held, and is to be tried again later. */
  readonly finished: boolean;
}

/** A gate whose holder has died opens by itself after so long. */
const GATE_LEASE_MS = 10_000;
/** How much sooner the last mend has to start than the gate may open. */
const GATE_MARGIN_MS = 2_000;
const GATE_EXTEND_MS = 3_000;
const DRAIN_MS = 5_000;
const DRAIN_POLL_MS = 20;

/**
 * Compares a day for these users (null: everyone) while nothing is inserted into it, and adds to the rollups what they
 * lack. Batches that touch the day wait meanwhile, and those in flight are waited for first.
 */
export async function mendDay(
  services: RollupServices,
  day: number,
  userIds: readonly string[] | null,
): Promise<MendedDay> {
  const { clickhouse, redis, names, signal } = services;
  const gate = { day, holder: randomUUID() };
  const mends: Mend[] = [];
  // For comparisons that outlast the lease. A gate that has opened stays open.
  const extending = setInterval(() => {
    extendRollupGate(redis, names, gate, GATE_LEASE_MS).catch(() => undefined);
  }, GATE_EXTEND_MS);
  try {
    if (!(await closeRollupGate(redis, names, gate, GATE_LEASE_MS))) return { mends, finished: false };
    if (!(await drained(services, gate))) return { mends, finished: false };
    const limit = userIds?.length ?? 0xffff_ffff;
    const differences = await rollupDifferences(clickhouse, { day, userIds, signal }, limit);
    for (const grain of ROLLUP_GRAINS) {
      if (!differences.some((difference) => isWrong(difference, grain))) continue;
      const mend = await mendGrain(services, gate, { grain, userIds, differences });
      if (mend === null) return { mends, finished: false };
      mends.push(mend);
    }
    await tell(services, differences);
    return { mends, finished: true };
  } finally {
    clearInterval(extending);
    // Left closed, it opens by itself.
    await openRollupGate(redis, names, gate).catch(() => undefined);
  }
}

/** Waits until no insert into the day can be running: neither a batch's nor one that its client has given up. */
async function drained({ clickhouse, redis, names, signal }: RollupServices, gate: RollupGate): Promise<boolean> {
  const deadline = performance.now() + DRAIN_MS;
  let running: ReadonlySet<string> | null = null;
  for (;;) {
    if ((await batchesTouching(redis, names, gate.day)) === 0) {
      const now = await runningQueries(clickhouse, INSERTS_INTO_ROLLUPS, signal);
      // What has begun since touches other days: it would have been held.
      running = running === null ? now : intersection(running, now);
      if (running.size === 0) return extendRollupGate(redis, names, gate, GATE_LEASE_MS);
    }
    if (performance.now() > deadline) return false;
    await delay(DRAIN_POLL_MS, undefined, { signal });
  }
}

interface GrainToMend {
  readonly grain: RollupGrain;
  readonly userIds: readonly string[] | null;
  readonly differences: readonly RollupDifference[];
}

/** Null where the gate has not been closed all the time, so that the difference may not be right. */
async function mendGrain(
  { clickhouse, redis, names, signal, logger }: RollupServices,
  gate: RollupGate,
  { grain, userIds, differences }: GrainToMend,
): Promise<Mend | null> {
  const { day } = gate;
  const grainAndDay = `${grain} ${day}`;
  const number = await mendNumber(redis, names, grainAndDay, Date.now());
  // Read before the lease begins anew, so that the gate is closed at that time by whichever clock.
  const notAfter = (await serverTime(clickhouse, signal)) + GATE_LEASE_MS - GATE_MARGIN_MS;
  if (!(await extendRollupGate(redis, names, gate, GATE_LEASE_MS))) return null;
  const token = `rollup-audit:${grainAndDay}:${number}`;
  const keys = await mendRollup(clickhouse, grain, { day, userIds, token, notAfter, signal });
  await noteMend(redis, names, grainAndDay, number);
  const attempts = sum(differences.map(grain === 'hourly' ? hourlyAttempts : dailyAttempts));
  logger.info({ day: new Date(day).toISOString().slice(0, 10), grain, keys, attempts }, 'mended a rollup');
  return { grain, keys, attempts };
}

const isWrong = ({ hours, daily }: RollupDifference, grain: RollupGrain): boolean =>
  grain === 'hourly' ? hours.length > 0 : daily;

const hourlyAttempts = (difference: RollupDifference): number => difference.hourlyAttempts;
const dailyAttempts = (difference: RollupDifference): number => difference.dailyAttempts;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const intersection = <T>(a: ReadonlySet<T>, b: ReadonlySet<T>): Set<T> => new Set([...a].filter((item) => b.has(item)));

/** Whoever watches the hours that have changed. */
async function tell({ redis, names }: RollupServices, differences: readonly RollupDifference[]): Promise<void> {
  const hoursByUser = new Map(differences.map(({ userId, hours }) => [userId, new Set(hours)]));
  await publishCommitted(redis, names, 'clickhouse', committedMessages('delivery_attempts', hoursByUser));
}
