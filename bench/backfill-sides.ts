import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { compiledFile } from '../src/embedded/compiled-file.js';
import { STREAMS, type StreamName } from '../src/records/names.js';
import { DAY_MS, startOfDay, type TimeRange } from '../src/records/time-range.js';
import type { ClickHouseDatabase } from '../src/stores/clickhouse/database.js';
import { insertHistory } from '../src/stores/clickhouse/history-rows.js';
import type { PostgresDatabase } from '../src/stores/postgres/database.js';
import { copyHistory } from '../src/stores/postgres/history-rows.js';
import type { BenchServers } from './servers.js';

interface BackfillStores {
  readonly servers: BenchServers;
  readonly postgres: PostgresDatabase;
  readonly clickhouse: ClickHouseDatabase;
  /** All of the history. */
  readonly range: TimeRange;
}

/** The rows of a table and day, tab-separated as the backfill sends them. */
interface DayFile {
  readonly table: StreamName;
  readonly file: string;
}

const CLICKHOUSE_TABLES = ['events', 'delivery_attempts', 'delivery_stats_hourly', 'delivery_stats_daily'];

const copyDay = (postgres: PostgresDatabase, table: StreamName, day: number, to: () => Writable): Promise<unknown> =>
  postgres.withConnection('bench_copy_day', (connection) =>
    copyHistory(connection, { table, range: { from: day, to: day + DAY_MS } }, (rows) => pipeline(rows, to())),
  );

const daysOf = ({ from, to }: TimeRange): number[] =>
  Array.from({ length: Math.ceil((to - startOfDay(from)) / DAY_MS) }, (_, index) => startOfDay(from) + index * DAY_MS);

/** COPY TO alone: every row leaves Postgres, and is thrown away. */
export async function copyAlone({ postgres, range }: BackfillStores): Promise<void> {
  const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });
  for (const table of STREAMS) for (const day of daysOf(range)) await copyDay(postgres, table, day, nowhere);
}

/** Writes the files that {@link insertAlone} reads. */
export async function exportDays({ servers, postgres, range }: BackfillStores): Promise<DayFile[]> {
  const files: DayFile[] = [];
  for (const table of STREAMS) {
    for (const day of daysOf(range)) {
      const file = join(servers.folder, `${table}-${day}.tsv`);
      await copyDay(postgres, table, day, () => createWriteStream(file));
      files.push({ table, file });
    }
  }
  return files;
}

/** INSERT alone: the same rows out of files, a day each, into tables whose views count them. */
export async function insertAlone(clickhouse: ClickHouseDatabase, files: readonly DayFile[]): Promise<void> {
  const { signal } = new AbortController();
  for (const { table, file } of files) {
    await insertHistory(clickhouse, { table, into: table, rows: createReadStream(file), signal });
  }
}

/** Leaves ClickHouse as it was before the backfill, which has not been planned. */
export async function forgetBackfill({ clickhouse, postgres }: BackfillStores): Promise<void> {
  await postgres.query({ name: 'bench_forget_backfill', text: 'DELETE FROM backfill_tables' });
  for (const table of CLICKHOUSE_TABLES) {
    await clickhouse.command({ name: 'bench_empty', query: `TRUNCATE TABLE ${table}` });
  }
}

/** Runs a command of the move as an operator does. Fails where it does. */
export async function runCommand(servers: BenchServers, ...args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [compiledFile('src/main.js'), ...args], {
    env: {
      POSTGRES_URL: servers.postgresUrl,
      CLICKHOUSE_URL: servers.clickhouseUrl,
      REDIS_URL: servers.redisUrl,
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [[code], output, errors] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}:\n${output}${errors}`);
}
