import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { UpstreamError, UserError } from '../platform/errors.js';
import { DAY_MS, HOUR_MS, startOfDay, type TimeRange } from '../records/time-range.js';
import { rollupMarks } from '../stores/clickhouse/rollup-marks.js';
import {
  auditedDays,
  endRollupAudit,
  forgetAuditedDay,
  noteAuditedDay,
  takeRollupAudit,
} from '../stores/redis/rollup-audits.js';
import { auditDay, type DayAudit, rebuildDay } from './audit-day.js';
import type { RollupServices } from './mend-day.js';

interface AuditClock {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly retentionDays: number;
}

/** A day that changes all the time is compared no more often than this. */
const SETTLE_MS = 30_000;
/** An audit that is silent for so long is taken for dead, and the next one need not wait any longer. */
const AUDIT_LEASE_MS = 15_000;
const AUDIT_EXTEND_MS = 5_000;
const AUDIT_WAIT_MS = 120_000;
const AUDIT_POLL_MS = 200;
const REPORT_EVERY_MS = 5_000;
/** A day is left alone so much before its first rows may expire. */
const EDGE_MS = HOUR_MS;
const PASSES = 4;

/**
 * Audits the days that have changed since they were last found right, newest first. Resolves to null where another
 * audit is running. Fails with an UpstreamError.
 */
export async function auditChangedDays(services: RollupServices, clock: AuditClock): Promise<DayAudit[] | null> {
  const { clickhouse, redis, names } = services;
  const holder = randomUUID();
  if (!(await takeRollupAudit(redis, names, holder, AUDIT_LEASE_MS))) return null;
  return whileHeld(services, holder, async (held) => {
    const [marks, audited] = await Promise.all([rollupMarks(clickhouse, held.signal), auditedDays(redis, names)]);
    for (const day of audited.keys()) if (!marks.has(day)) await forgetAuditedDay(redis, names, day);
    const audits: DayAudit[] = [];
    for (const [day, mark] of newestFirst(marks, clock)) {
      const last = audited.get(day);
      if (last !== undefined && (last.mark === mark || Math.abs(clock.now - last.auditedAt) < SETTLE_MS)) continue;
      const audit = await unlessOfTheDay(held, day, () => auditDay(held, day));
      // What was mended is compared again: no state of it is known to be right.
      const rightMark = audit.outcome === 'right' ? mark : '';
      if (audit.outcome !== 'postponed') {
        await noteAuditedDay(redis, names, day, { mark: rightMark, auditedAt: clock.now });
      }
      audits.push(audit);
    }
    return audits;
  });
}

export interface DaysToAudit extends AuditClock {
  /** Every day that it touches. */
  readonly range: TimeRange;
  /** Compares key by key while the day is held, instead of looking first. */
  readonly rebuild: boolean;
  /** How often at most a day is compared: what was mended is compared once more. Default 4. */
  readonly passes?: number;
}

/**
 * Audits all days of a range, oldest first, until each is right or cannot be held. Waits for an audit that is running.
 * Fails with an UpstreamError; with a UserError where the running audit does not end.
 */
export async function auditRange(
  services: RollupServices,
  { range, rebuild, passes = PASSES, ...clock }: DaysToAudit,
): Promise<DayAudit[]> {
  const { clickhouse, logger } = services;
  const holder = randomUUID();
  await waitForTurn(services, holder);
  return whileHeld(services, holder, async (held) => {
    const marks = await rollupMarks(clickhouse, held.signal);
    const days = newestFirst(marks, clock)
      .map(([day]) => day)
      .filter((day) => day >= startOfDay(range.from) && day < range.to)
      .reverse();
    const audits: DayAudit[] = [];
    let reportedAt = performance.now();
    for (const day of days) {
      if (performance.now() - reportedAt > REPORT_EVERY_MS) {
        logger.info({ done: audits.length, days: days.length }, 'auditing the rollups');
        reportedAt = performance.now();
      }
      audits.push(await auditUntilRight(held, day, rebuild, passes));
    }
    return audits;
  });
}

/** Keeps the turn that has been taken, and gives it back. What is under way is given up once it is somebody else's. */
async function whileHeld<T>(
  services: RollupServices,
  holder: string,
  audit: (held: RollupServices) => Promise<T>,
): Promise<T> {
  const { redis, names } = services;
  const lost = new AbortController();
  const extending = setInterval(() => {
    takeRollupAudit(redis, names, holder, AUDIT_LEASE_MS).then(
      (isHeld) => isHeld || lost.abort(),
      () => undefined,
    );
  }, AUDIT_EXTEND_MS);
  try {
    return await audit({ ...services, signal: AbortSignal.any([services.signal, lost.signal]) });
  } catch (error) {
    if (!lost.signal.aborted) throw error;
    const message = 'the audit of the rollups was silent for too long, and another one has begun';
    throw new UpstreamError('redis', message, { cause: error, kind: 'timeout' });
  } finally {
    clearInterval(extending);
    await endRollupAudit(redis, names, holder).catch(() => undefined);
  }
}

async function auditUntilRight(
  services: RollupServices,
  day: number,
  rebuild: boolean,
  passes: number,
): Promise<DayAudit> {
  let audit = await (rebuild ? rebuildDay : auditDay)(services, day);
  const mends = [...audit.mends];
  for (let pass = 1; audit.outcome === 'mended' && pass < passes; pass++) {
    audit = await auditDay(services, day);
    mends.push(...audit.mends);
  }
  const outcome = audit.outcome === 'right' && mends.length > 0 ? 'mended' : audit.outcome;
  return { day, outcome, mends };
}

async function waitForTurn({ redis, names, signal }: RollupServices, holder: string): Promise<void> {
  const deadline = performance.now() + AUDIT_WAIT_MS;
  while (!(await takeRollupAudit(redis, names, holder, AUDIT_LEASE_MS))) {
    if (performance.now() > deadline) {
      throw new UserError(
        `Another audit of the rollups has been running for ${AUDIT_WAIT_MS / 1000} s. One runs at a time: try again later.`,
      );
    }
    await delay(AUDIT_POLL_MS, undefined, { signal });
  }
}

/** Days at the edge of the retention are left alone: their attempts and their sums do not expire together. */
function newestFirst(marks: ReadonlyMap<number, string>, { now, retentionDays }: AuditClock): [number, string][] {
  const expiring = now - (retentionDays + 1) * DAY_MS + EDGE_MS;
  return [...marks].filter(([day]) => day > expiring).sort(([a], [b]) => b - a);
}

/** One day that ClickHouse refuses to compare, or has no room or time for, does not keep the others from being audited. */
async function unlessOfTheDay(
  { logger }: RollupServices,
  day: number,
  audit: () => Promise<DayAudit>,
): Promise<DayAudit> {
  try {
    return await audit();
  } catch (error) {
    if (!(error instanceof UpstreamError) || error.upstream !== 'clickhouse') throw error;
    const isOfTheDay = !error.retryable || error.options.kind === 'timeout' || error.options.isTooLarge === true;
    if (!isOfTheDay) throw error;
    logger.error({ error, day: new Date(day).toISOString().slice(0, 10) }, 'the rollups of a day cannot be audited');
    return { day, outcome: 'postponed', mends: [] };
  }
}
