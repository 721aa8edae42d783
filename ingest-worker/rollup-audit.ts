import { setTimeout as delay } from 'node:timers/promises';
import { UpstreamError } from '../src/platform/errors.js';
import { auditChangedDays } from '../src/rollups/audit.js';
import type { DayAudit } from '../src/rollups/audit-day.js';
import type { RollupServices } from '../src/rollups/mend-day.js';
import type { AuditCounters } from './counters.js';

interface RollupAuditOptions extends RollupServices {
  /** Whether ClickHouse is written in the present phase. */
  readonly isWritten: () => boolean;
  readonly retentionDays: number;
  readonly counters: AuditCounters;
}

const EVERY_MS = 10_000;

/** Keeps the rollups equal to the attempts until the signal aborts. Of several workers one does it at a time. */
export async function auditRollups(options: RollupAuditOptions): Promise<void> {
  const { isWritten, retentionDays, counters, ...services } = options;
  const { logger, signal } = services;
  while (!signal.aborted) {
    try {
      const audits = isWritten() ? await auditChangedDays(services, { now: Date.now(), retentionDays }) : null;
      const postponed = count(counters, audits ?? []);
      if (postponed > 0) logger.warn({ days: postponed }, 'days could not be held for the audit, will try again');
    } catch (error) {
      if (!signal.aborted) {
        if (!(error instanceof UpstreamError)) throw error;
        logger.warn({ error }, 'the rollups could not be audited, will try again');
      }
    }
    await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Returns how many days were postponed. */
function count(counters: AuditCounters, audits: readonly DayAudit[]): number {
  const postponed = audits.filter(({ outcome }) => outcome === 'postponed').length;
  counters.comparedDays += audits.length - postponed;
  counters.postponedDays += postponed;
  counters.mendedDays += audits.filter(({ mends }) => mends.length > 0).length;
  for (const { keys } of audits.flatMap(({ mends }) => mends)) counters.mendedKeys += keys;
  return postponed;
}
