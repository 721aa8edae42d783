import { setTimeout as delay } from 'node:timers/promises';
import { rollupDifferences } from '../stores/clickhouse/rollup-differences.js';
import { type Mend, mendDay, type RollupServices } from './mend-day.js';

/** What an audit found of one day. */
export interface DayAudit {
  /** Start of the UTC day, milliseconds since 1970. */
  readonly day: number;
  /** Right as it was; wrong and mended; or it could not be held now, so that it is to be audited again. */
  readonly outcome: 'right' | 'mended' | 'postponed';
  readonly mends: readonly Mend[];
}

/** Users found at once; more are found when these have been mended. */
const USERS_PER_LOOK = 10_000;
/** More users than this are mended a part at a time, so that no batch waits long. */
const USERS_PER_GATE = 250;
/** Inserts in flight look like differences: the gate is closed only for what is one at each look. */
const LOOKS = 3;
const BETWEEN_LOOKS_MS = 100;

/** Compares a day, without holding anyone up while it is right, and mends what is wrong. */
export async function auditDay(services: RollupServices, day: number): Promise<DayAudit> {
  const mends: Mend[] = [];
  for (;;) {
    const found = await differingUsers(services, day, null);
    const before = mends.length;
    for (let at = 0; at < found.length; at += USERS_PER_GATE) {
      const suspects = await stillDiffering(services, day, found.slice(at, at + USERS_PER_GATE));
      if (suspects.length === 0) continue;
      const mended = await mendDay(services, day, suspects);
      mends.push(...mended.mends);
      if (!mended.finished) return { day, outcome: 'postponed', mends };
    }
    if (found.length < USERS_PER_LOOK || mends.length === before) return auditOf(day, mends);
  }
}

/** Compares a day while it is held, key by key for everyone, and mends what is wrong. */
export async function rebuildDay(services: RollupServices, day: number): Promise<DayAudit> {
  const { mends, finished } = await mendDay(services, day, null);
  return finished ? auditOf(day, mends) : { day, outcome: 'postponed', mends };
}

const auditOf = (day: number, mends: readonly Mend[]): DayAudit => ({
  day,
  outcome: mends.length === 0 ? 'right' : 'mended',
  mends,
});

async function stillDiffering(
  services: RollupServices,
  day: number,
  userIds: readonly string[],
): Promise<readonly string[]> {
  let suspects = userIds;
  for (let look = 2; look <= LOOKS && suspects.length > 0; look++) {
    await delay(BETWEEN_LOOKS_MS, undefined, { signal: services.signal });
    suspects = await differingUsers(services, day, suspects);
  }
  return suspects;
}

async function differingUsers(
  { clickhouse, signal }: RollupServices,
  day: number,
  userIds: readonly string[] | null,
): Promise<readonly string[]> {
  const differences = await rollupDifferences(clickhouse, { day, userIds, signal }, USERS_PER_LOOK);
  return differences.map(({ userId }) => userId);
}
