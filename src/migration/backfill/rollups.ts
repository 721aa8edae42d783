import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../../platform/errors.js';
import { DAY_MS, type TimeRange } from '../../records/time-range.js';
import { auditRange } from '../../rollups/audit.js';
import type { MoveServices } from '../move-services.js';

/** A day that traffic touches may be held by a batch: it is tried again so often, */
const TRIES = 10;
/** after so long each time. */
const BETWEEN_TRIES_MS = 1_000;
/** Days that end so long ago are touched by little traffic, and are counted anew in one go. */
const QUIET_AFTER_MS = DAY_MS;

/** Counts the sums of days that have just got their attempts, until they are right. Fails with a UserError, and with an UpstreamError. */
export async function countDays(services: MoveServices, days: readonly number[]): Promise<void> {
  const now = Date.now();
  for (const day of days) {
    const range = { from: day, to: day + DAY_MS };
    await audit(services, range, { now, rebuild: day + DAY_MS + QUIET_AFTER_MS < now });
  }
}

/** Compares the sums of every day with its attempts, and mends them. */
export const auditAllDays = (services: MoveServices): Promise<void> =>
  audit(services, { from: 0, to: Number.POSITIVE_INFINITY }, { now: Date.now(), rebuild: false });

async function audit(
  services: MoveServices,
  range: TimeRange,
  { now, rebuild }: { readonly now: number; readonly rebuild: boolean },
): Promise<void> {
  const clock = { now, retentionDays: services.retention.attemptsDays };
  for (let tries = 1; ; tries++) {
    const audits = await auditRange(services, { ...clock, range, rebuild });
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
