import { type Command, InvalidArgumentError, Option } from 'commander';
import { planBackfill } from '../migration/backfill/plan.js';
import { runBackfill } from '../migration/backfill/run.js';
import type { MoveServices } from '../migration/move-services.js';
import { UserError } from '../platform/errors.js';
import { STREAMS, type StreamName } from '../records/names.js';
import { BackfillStore, type BackfillTable, type TablePlan } from '../stores/postgres/backfill-store.js';
import { withMoveServices } from './move-session.js';
import { JSON_OPTION } from './phase.js';
import { Progress } from './progress.js';
import { time } from './rollups.js';
import { DATA_DIR_OPTION } from './stack.js';

interface BackfillCommandOptions {
  readonly table?: StreamName;
  readonly from?: number;
  readonly to?: number;
  readonly share: number;
  readonly dryRun?: true;
  readonly rejected?: true;
  readonly limit: number;
  readonly dataDir: string;
  readonly json?: true;
}

/** `backfill`: copies the history into ClickHouse. */
export function registerBackfill(program: Command): void {
  program
    .command('backfill')
    .description(
      'copy the history from Postgres into ClickHouse; killed at any moment, it goes on when it is run again',
    )
    .addOption(new Option('--table <name>', 'this table alone').choices(STREAMS))
    .option('--from <time>', 'what is planned from this time on alone', time)
    .option('--to <time>', 'what is planned before this time alone', time)
    .option('--share <share>', 'the share of the time to work at most; less while live traffic suffers', share, 1)
    .option('--dry-run', 'say what there is to copy, and copy nothing')
    .option('--rejected', 'list what cannot be moved, with reasons, and copy nothing')
    .option('--limit <n>', 'with --rejected: so many rows at most', limit, 100)
    .option(...DATA_DIR_OPTION)
    .option(...JSON_OPTION)
    .action(backfill);
}

async function backfill(options: BackfillCommandOptions): Promise<void> {
  const { dataDir, table, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = options;
  if (from >= to) throw new UserError('There is nothing between --from and --to: give a --to after --from.', 2);
  const stopped = 'Stopped. What was copied stays; run backfill again to go on.';
  const print = (json: unknown, text: string): void => console.log(options.json === true ? JSON.stringify(json) : text);
  await withMoveServices({ command: 'backfill', dataDir, stopped }, async (services) => {
    if (options.rejected === true) return listRejected(services, options.limit, print);
    if (options.dryRun === true) {
      const plans = (await planBackfill(services, Date.now())).map(summaryOf);
      return print(plans, plans.map(planText).join('\n'));
    }
    const progress = new Progress(services.logger, 'rows');
    const tables = await runBackfill(services, {
      tables: table === undefined ? STREAMS : [table],
      range: { from, to },
      share: options.share,
      onProgress: ({ table: current, rowsDone, rowsTotal, share: working }) =>
        progress.show({
          done: rowsDone,
          total: rowsTotal,
          label: `${current}, ${Math.round(100 * working)} % of the time`,
        }),
    }).finally(() => progress.end());
    print(tables.map(toJson), tables.map(tableText).join('\n'));
  });
}

type Print = (json: unknown, text: string) => void;

async function listRejected({ postgres }: MoveServices, most: number, print: Print): Promise<void> {
  const store = new BackfillStore(postgres);
  const rows = await store.rejections(most);
  const expired = (await store.expired()).map((row) => ({ ...row, day: iso(row.day).slice(0, 10) }));
  const lines = [
    ...expired.map(({ table, day, rows: count }) => `${table}  ${day}  ${count} rows: older than the retention`),
    ...rows.map(({ table, id, time: at, reason }) => `${table}  ${at}  ${id}  ${reason}`),
  ];
  print({ expired, rows }, lines.length === 0 ? 'Every row that was planned can be moved.' : lines.join('\n'));
}

const iso = (at: number): string => new Date(at).toISOString();

function summaryOf({ table, retentionFrom, chunks, unmovable }: TablePlan) {
  const rowsOf = (expired: boolean): number =>
    chunks.filter((chunk) => chunk.expired === expired).reduce((sum, { rows }) => sum + rows, 0);
  const open = chunks.filter(({ expired }) => !expired);
  const rows = { rows: rowsOf(false), expired: rowsOf(true), unmovable };
  return { table, retentionFrom: iso(retentionFrom), chunks: open.length, ...rows };
}

const planText = ({ table, retentionFrom, chunks, rows, expired, unmovable }: ReturnType<typeof summaryOf>): string =>
  `${table}: ${rows} rows to copy in ${chunks} chunks; ${expired} rows are older than the retention (${retentionFrom})` +
  (unmovable === 0 ? '' : `; ${unmovable} rows have a time that ClickHouse cannot hold`);

const toJson = (table: BackfillTable) => ({
  ...table,
  watermark: iso(table.watermark),
  retentionFrom: iso(table.retentionFrom),
  startedAt: table.startedAt === null ? null : iso(table.startedAt),
  finishedAt: table.finishedAt === null ? null : iso(table.finishedAt),
});

function tableText({ table, rowsTotal, rowsDone, rowsRejected, finishedAt }: BackfillTable): string {
  const left = rowsTotal - rowsDone - rowsRejected;
  const rejected = rowsRejected === 0 ? '' : `, ${rowsRejected} not to be moved (see backfill --rejected)`;
  return `${table}: ${rowsDone} rows copied${rejected}, ${finishedAt === null ? `${left} left` : 'finished'}`;
}

function share(text: string): number {
  const value = Number(text);
  if (!(value >= 0.1 && value <= 1)) throw new InvalidArgumentError('It must be a number from 0.1 to 1.');
  return value;
}

function limit(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return value;
}
