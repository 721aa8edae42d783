import { UserError } from '../../platform/errors.js';
import { STREAMS, type StreamName } from '../../records/names.js';
import { DAY_MS, HOUR_MS, startOfDay, type TimeRange } from '../../records/time-range.js';
import { rollupMarks } from '../../stores/clickhouse/rollup-marks.js';
import { PhaseStore } from '../../stores/postgres/phase-store.js';
import { noteVerification } from '../../stores/postgres/verification-store.js';
import { inLanes } from '../lanes.js';
import type { MoveServices } from '../move-services.js';
import { compareAnswers } from './compare-answers.js';
import { compareRows } from './compare-rows.js';
import { compareSums } from './compare-sums.js';
import { comparedRanges } from './compared-ranges.js';
import { differencesIn, type SumDifference, type VerifyReport } from './report.js';

export interface VerifyOptions {
  readonly tables: readonly StreamName[];
  /** What is kept of it is compared. */
  readonly range: TimeRange;
  /** How long sums and answers that differ are looked at again, milliseconds: the worker's audit mends within a minute. */
  readonly patienceMs: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly onProgress: (done: number, total: number, label: string) => void;
}

/** Days whose rows are compared at once. */
const LANES = 2;

type TableReport = VerifyReport['tables'][number];

/**
 * Compares both stores while traffic goes on: every row by checksums, the rollups with the attempts, and the answers
 * that the gateway would give. The result is noted for the gates. Fails with a UserError where it cannot be compared,
 * and with an UpstreamError.
 */
export async function runVerify(services: MoveServices, options: VerifyOptions): Promise<VerifyReport> {
  const { phase } = await new PhaseStore(services.postgres).read();
  if (phase !== 'dual_write' && phase !== 'cutover') {
    throw new UserError(
      `There is nothing to compare in the phase ${phase}: one store alone is written. Only dual_write and cutover write both.`,
    );
  }
  const { tables, range, now, patienceMs, onProgress } = options;
  const days = await Promise.all(
    tables.map(async (table) => ({ table, ranges: await comparedRanges(services, table, options) })),
  );
  const total = days.reduce((sum, { ranges }) => sum + ranges.length, 0) * 2;
  let done = 0;
  const step = (label: string): void => onProgress(done++, total, label);
  const reports: TableReport[] = [];
  for (const { table, ranges } of days) reports.push(await compareTable(services, table, ranges, step));
  const sumDays = tables.includes('delivery_attempts') ? await sumDaysOf(services, options) : [];
  const sums = await compareAllSums(services, sumDays, patienceMs, step);
  const complete = STREAMS.every((stream) => tables.includes(stream)) && range.from <= 0 && range.to >= now + DAY_MS;
  const isRight = [...reports, sums].every(({ differences }) => differences.length === 0);
  const answers = complete
    ? await compareAnswers(services, now, isRight ? patienceMs : null)
    : { asked: 0, differences: [] };
  onProgress(total, total, 'compared');
  const report = { beganAt: now, complete, tables: reports, sums, answers };
  await noteVerification(services.postgres, {
    beganAt: now,
    complete,
    comparedRows: reports.reduce((sum, { rows }) => sum + rows, 0),
    differences: differencesIn(report),
  });
  return report;
}

async function compareTable(
  services: MoveServices,
  table: StreamName,
  ranges: readonly TimeRange[],
  step: (label: string) => void,
): Promise<TableReport> {
  const compared = await inLanes(ranges, LANES, services.signal, async (range, signal) => {
    step(table);
    return { day: startOfDay(range.from), ...(await compareRows({ ...services, signal }, { table, range })) };
  });
  const rows = compared.reduce((sum, day) => sum + day.rows, 0);
  const differences = compared.flatMap((day) => day.differences);
  const rejected = compared.flatMap((day) => day.rejected);
  const cutShort = compared.filter((day) => day.cutShort).map(({ day }) => day);
  return { table, days: ranges.length, rows, differences, rejected, cutShort };
}

async function compareAllSums(
  services: MoveServices,
  days: readonly number[],
  patienceMs: number,
  step: (label: string) => void,
): Promise<VerifyReport['sums']> {
  const differences: SumDifference[] = [];
  const cutShort: number[] = [];
  for (const day of days) {
    step('sums');
    const compared = await compareSums(services, day, patienceMs);
    differences.push(...compared.differences);
    if (compared.cutShort) cutShort.push(day);
  }
  return { days: days.length, differences, cutShort };
}

/** Days at the edge of the retention are left alone: their attempts and their sums do not expire together. */
async function sumDaysOf(
  { clickhouse, retention, signal }: MoveServices,
  { range, now }: VerifyOptions,
): Promise<number[]> {
  const keptFrom = now - (retention.attemptsDays + 1) * DAY_MS + HOUR_MS;
  return [...(await rollupMarks(clickhouse, signal)).keys()]
    .filter((day) => day > keptFrom && day + DAY_MS > range.from && day < range.to)
    .sort((a, b) => a - b);
}
