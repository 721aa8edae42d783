import { type Command, InvalidArgumentError, Option } from 'commander';
import type { MoveServices } from '../migration/move-services.js';
import { repair } from '../migration/verify/repair.js';
import { assertRepairable } from '../migration/verify/repairable.js';
import { differencesIn, type VerifyReport } from '../migration/verify/report.js';
import { runVerify, type VerifyOptions } from '../migration/verify/run.js';
import { UserError } from '../platform/errors.js';
import { STREAMS, type StreamName } from '../records/names.js';
import { withMoveServices } from './move-session.js';
import { JSON_OPTION } from './phase.js';
import { Progress } from './progress.js';
import { time } from './rollups.js';
import { DATA_DIR_OPTION } from './stack.js';

interface VerifyCommandOptions {
  readonly table?: StreamName;
  readonly from?: number;
  readonly to?: number;
  readonly repair?: true;
  readonly patience: number;
  readonly dataDir: string;
  readonly json?: true;
}

/** What was mended is compared again, as often as this. */
const PASSES = 3;
const PATIENCE_S = 75;

/** `verify`: whether both stores hold and answer the same. */
export function registerVerify(program: Command): void {
  program
    .command('verify')
    .description('compare both stores, row by row, sum by sum and answer by answer; traffic may go on')
    .addOption(new Option('--table <name>', 'the rows of this table alone').choices(STREAMS))
    .option('--from <time>', 'what is not older than this alone', time)
    .option('--to <time>', 'what is older than this alone', time)
    .option('--repair', 'make ClickHouse what Postgres is where they differ, and compare again')
    .option('--patience <seconds>', 'how long the worker has to mend sums that differ', seconds, PATIENCE_S)
    .option(...DATA_DIR_OPTION)
    .option(...JSON_OPTION)
    .action(verify);
}

async function verify(options: VerifyCommandOptions): Promise<void> {
  const { table, from = 0, to = Number.POSITIVE_INFINITY, dataDir, json } = options;
  if (from >= to) throw new UserError('There is nothing between --from and --to: give a --to after --from.', 2);
  const stopped = 'Stopped. Nothing was noted.';
  const report = await withMoveServices({ command: 'verify', dataDir, stopped }, async (services) => {
    const progress = new Progress(services.logger, 'days');
    const compared = {
      tables: table === undefined ? STREAMS : [table],
      range: { from, to },
      patienceMs: options.patience * 1000,
      onProgress: (done: number, total: number, label: string) => progress.show({ done, total, label }),
    };
    return compare(services, compared, options.repair === true).finally(() => progress.end());
  });
  console.log(json === true ? JSON.stringify(toJson(report)) : toText(report));
  if (differencesIn(report) === 0) return;
  throw new UserError(
    options.repair === true
      ? 'There are differences left. See whether the worker runs and whether somebody else writes one of the stores.'
      : 'The stores differ. Mend ClickHouse with: ethhook-analytics verify --repair',
  );
}

async function compare(
  services: MoveServices,
  options: Omit<VerifyOptions, 'now'>,
  mend: boolean,
): Promise<VerifyReport> {
  if (mend) await assertRepairable(services);
  let report = await runVerify(services, { ...options, now: Date.now(), ...(mend ? { patienceMs: 0 } : {}) });
  for (let pass = 1; mend && differencesIn(report) > 0 && pass < PASSES; pass++) {
    await repair(services, report, options.range);
    report = await runVerify(services, { ...options, now: Date.now() });
  }
  return report;
}

const iso = (at: number): string => new Date(at).toISOString();
const dateOf = (day: number): string => iso(day).slice(0, 10);

const toJson = (report: VerifyReport) => ({
  ...report,
  beganAt: iso(report.beganAt),
  tables: report.tables.map((table) => ({
    ...table,
    differences: table.differences.map((each) => ({ ...each, day: dateOf(each.day) })),
    rejected: table.rejected.map((each) => ({ ...each, day: dateOf(each.day) })),
    cutShort: table.cutShort.map(dateOf),
  })),
  sums: {
    ...report.sums,
    differences: report.sums.differences.map((each) => ({ ...each, day: dateOf(each.day) })),
    cutShort: report.sums.cutShort.map(dateOf),
  },
  differences: differencesIn(report),
});

const KINDS = {
  missing: 'not in ClickHouse',
  extra: 'in ClickHouse alone',
  changed: 'differs',
  undecided: 'changed each time it was looked at',
} as const;

function toText(report: VerifyReport): string {
  const { tables, sums, answers, complete, beganAt } = report;
  const rows = tables.flatMap(({ table, days, rows: count, differences, rejected, cutShort }) => [
    `${table}: ${count} rows on ${days} days, ${said(differences.length)}`,
    ...differences.map(
      ({ day, id, kind, columns }) =>
        `  ${dateOf(day)}  ${id}  ${KINDS[kind]}${columns.length === 0 ? '' : `: ${columns.join(', ')}`}`,
    ),
    ...rejected.map(
      ({ day, id, columns }) =>
        `  ${dateOf(day)}  ${id}  no difference, a dead letter of Postgres: it has no room for ${columns.join(', ')}`,
    ),
    ...cutShort.map(cutShortText),
  ]);
  const wrongSums = sums.differences.map(
    ({ day, userId, rollups, attempts }) =>
      `  ${dateOf(day)}  user ${userId}  ${rollups.join(' and ')}: ${attempts > 0 ? '+' : ''}${attempts} attempts lacking`,
  );
  const wrongAnswers = answers.differences.map(({ userId, question }) => `  user ${userId}  ${question}`);
  return [
    ...rows,
    `rollups: ${sums.days} days, ${said(sums.differences.length)}`,
    ...wrongSums,
    ...sums.cutShort.map(cutShortText),
    `answers: ${answers.asked} questions asked of both, ${said(answers.differences.length)}`,
    ...wrongAnswers,
    `${complete ? 'Everything' : 'A part'} compared from ${iso(beganAt)} on: ${said(differencesIn(report))}.`,
  ].join('\n');
}

const cutShortText = (day: number): string => `  ${dateOf(day)}  … the rest of this day was not compared`;

const said = (count: number): string =>
  count === 0 ? 'no difference' : `${count} difference${count === 1 ? '' : 's'}`;

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 3_600)) throw new InvalidArgumentError('It must be a number from 0 to 3600.');
  return value;
}
