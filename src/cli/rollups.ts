import { type Command, InvalidArgumentError } from 'commander';
import { readRollupsConfig, runByNpm } from '../config.js';
import { UserError } from '../platform/errors.js';
import { Lifecycle, stopSignal } from '../platform/lifecycle.js';
import { createLogger } from '../platform/logger.js';
import { RedisNames } from '../records/names.js';
import { auditRange } from '../rollups/audit.js';
import type { DayAudit } from '../rollups/audit-day.js';
import { ClickHouseDatabase } from '../stores/clickhouse/database.js';
import { RedisDatabase } from '../stores/redis/database.js';
import { DATA_DIR_OPTION, environmentOf } from './stack.js';

interface RollupsOptions {
  readonly dataDir: string;
  readonly from?: number;
  readonly to?: number;
  readonly json?: true;
}

const APPLICATION_NAME = 'rollups';
/** Days are compared whole, and a large one may take its time. */
const CLICKHOUSE_TIMEOUT_MS = 120_000;

/** `rollups audit` and `rollups rebuild`: compare the rollups with the attempts they sum, and mend them. */
export function registerRollups(program: Command): void {
  const rollups = program
    .command('rollups')
    .description('compare the rollups with the attempts they sum, and mend them');
  const run = (rebuild: boolean) => (options: RollupsOptions) => runAudit(options, rebuild);
  rollups
    .command('audit')
    .description('look at each day and mend what differs')
    .option('--from <time>', 'the first day by a time in it; without it, the oldest', time)
    .option('--to <time>', 'end before this time; without it, after the newest day', time)
    .option(...DATA_DIR_OPTION)
    .option('--json', 'print machine-readable results')
    .action(run(false));
  rollups
    .command('rebuild')
    .description('compute whole days anew, key by key, with writes to each day held meanwhile')
    .requiredOption('--from <time>', 'the first day by a time in it', time)
    .requiredOption('--to <time>', 'end before this time', time)
    .option(...DATA_DIR_OPTION)
    .option('--json', 'print machine-readable results')
    .action(run(true));
}

async function runAudit({ dataDir, from, to, json }: RollupsOptions, rebuild: boolean): Promise<void> {
  const range = { from: from ?? 0, to: to ?? Number.POSITIVE_INFINITY };
  if (range.from >= range.to)
    throw new UserError('There is nothing between --from and --to: give a --to after --from.', 2);
  const config = readRollupsConfig(environmentOf(dataDir));
  const logger = createLogger(APPLICATION_NAME, config.LOG_LEVEL);
  const lifecycle = new Lifecycle((name, error) => logger.error({ error, name }, 'could not be closed'));
  const stop = new AbortController();
  stopSignal(runByNpm()).then(() => stop.abort(new UserError('Stopped. What was mended until then stays mended.')));
  try {
    const redis = new RedisDatabase(config.REDIS_URL, { applicationName: APPLICATION_NAME });
    lifecycle.push('redis', () => redis.close());
    const clickhouse = new ClickHouseDatabase(config.CLICKHOUSE_URL, {
      applicationName: APPLICATION_NAME,
      timeoutMs: CLICKHOUSE_TIMEOUT_MS,
      cluster: config.CLICKHOUSE_CLUSTER,
    });
    lifecycle.push('clickhouse', () => clickhouse.close());
    const names = new RedisNames(config.STREAM_PREFIX);
    const services = { clickhouse, redis, names, logger, signal: stop.signal };
    const clock = { now: Date.now(), retentionDays: config.ATTEMPTS_RETENTION_DAYS };
    const audits = await auditRange(services, { ...clock, range, rebuild });
    console.log(json === true ? JSON.stringify(audits.map(toJson)) : toText(audits));
    reportPostponed(audits);
  } catch (error) {
    stop.signal.throwIfAborted();
    throw error;
  } finally {
    await lifecycle.close();
  }
}

function reportPostponed(audits: readonly DayAudit[]): void {
  const days = audits.filter(({ outcome }) => outcome === 'postponed').map(dateOf);
  if (days.length === 0) return;
  throw new UserError(
    `Not finished: ${days.join(', ')}. Batches that touch these days did not end in time, so that nothing could be ` +
      'compared.\nSee in the log of the worker whether its inserts go through (and that one runs), then try again.',
  );
}

const dateOf = ({ day }: Pick<DayAudit, 'day'>): string => new Date(day).toISOString().slice(0, 10);

const toJson = ({ day, outcome, mends }: DayAudit) => ({ day: dateOf({ day }), outcome, mends });

function toText(audits: readonly DayAudit[]): string {
  const lines = audits.flatMap((audit) =>
    audit.mends.map(
      ({ grain, keys, attempts }) =>
        `${dateOf(audit)}  ${grain.padEnd(6)}  ${keys} sums were wrong, ${signed(attempts)} attempts`,
    ),
  );
  const mended = audits.filter(({ mends }) => mends.length > 0).length;
  return [...lines, `${audits.length} days compared, ${mended} of them mended.`].join('\n');
}

const signed = (value: number): string => (value > 0 ? `+${value}` : String(value));

/** RFC 3339, or a date for its start in UTC. */
export function time(text: string): number {
  const value = /^\d{4}-\d{2}-\d{2}(T.+(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(value)) {
    throw new InvalidArgumentError('It must be a date such as 2026-05-01 or a time such as 2026-05-01T12:00:00Z.');
  }
  return value;
}
