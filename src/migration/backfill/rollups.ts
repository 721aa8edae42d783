import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../../platform/errors.js';
import { DAY_MS } from '../../records/time-range.js';
import { auditRange, type DaysToAudit } from '../../rollups/audit.js';
import type { MoveServices } from '../move-services.js';

/** A day that traffic touches may be held by a batch: it is tried again so often, */
const TRIES = 10;
/** after so long each time. */
const BETWEEN_TRIES_MS = 1_000;
/** Days that end so long ago are touched by little traffic, and are counted anew in one go. */
const QUIET_AFTER_MS = DAY_MS;

/**
 * Counts the sums of a day that has just got its attempts, anew where little is written to it. They are compared once more
 * by {@link auditAllDays}. Fails with a UserError, and with an UpstreamError.
 */
export async function countDay(services: MoveServices, day: number): Promise<void> {
  const now = Date.now();
  const range = { from: day, to: day + DAY_MS };
  await audit(services, { now, range, rebuild: day + DAY_MS + QUIET_AFTER_MS < now, passes: 1 });
}

/** Compares the sums of every day with its attempts, and mends them. */
export const auditAllDays = (services: MoveServices): Promise<void> =>
  audit(services, { now: Date.now(), range: { from: 0, to: Number.POSITIVE_INFINITY }, rebuild: false });

async function audit(services: MoveServices, days: Omit<DaysToAudit, 'retentionDays'>): Promise<void> {
  for (let tries = 1; ; tries++) {
    const audits = await auditRange(services, { ...days, retentionDays: services.retention.attemptsDays });
    const postponed = audits.filter(({ outcome }) => outcome === 'postponed').map(({ day }) => day);
    if (postponed.length === 0) return;
    if (tries === TRIES) {
      const dates = postponed.map((day) => new Date(day).toISOString().slice(0, 10)).join(', ');
      throw new UserError(
        `The sums of ${dates} could not be counted: batches that touch them do not end. See in the log of the worker ` +
          'whether its inserts go through, then run backfill again.',
      );
    }
    await delay(BETWEEN_TRIES_MS, undefined, { signal: services.signal });
  }
}
