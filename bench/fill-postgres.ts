import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { attemptType } from '../src/records/attempt.js';
import { eventType } from '../src/records/event.js';
import { DAY_MS } from '../src/records/time-range.js';
import { PostgresDatabase } from '../src/stores/postgres/database.js';
import { CONFIGURATION_EXPORTS, type Dataset } from './dataset.js';
import type { BenchServers } from './servers.js';

/** What the names of indexes begin with that a database has before the takeover. */
export const LEGACY = 'legacy_';
/**
 * Beside the primary keys, as in the schema of the product that the takeover was made for (ipcasj/ethhook on GitHub,
 * migrations/001_initial_schema.sql), as far as these tables have the columns.
 */
const LEGACY_INDEXES = [
  'UNIQUE INDEX legacy_events_log ON events (transaction_hash, log_index)',
  'INDEX legacy_events_block_number ON events (block_number DESC)',
  'INDEX legacy_events_address ON events (address)',
  'INDEX legacy_events_transaction_hash ON events (transaction_hash)',
  'INDEX legacy_events_ingested_at ON events (ingested_at DESC)',
  'INDEX legacy_attempts_event_id ON delivery_attempts (event_id)',
  'INDEX legacy_attempts_endpoint_id ON delivery_attempts (endpoint_id)',
  'INDEX legacy_attempts_created_at ON delivery_attempts (created_at DESC)',
] as const;
const LOAD_TIMEOUT_MS = 3_600_000;

/** Copies into Postgres what ClickHouse holds, row by row the same, through files that both servers can reach. */
export const fillPostgres = (servers: BenchServers, dataset: Dataset, signal: AbortSignal): Promise<void> =>
  withLoader(servers, signal, async ({ postgres, run, copy }) => {
    const indexes = await dropSecondaryIndexes(postgres);
    await copyConfiguration(copy, dataset);
    for (let from = dataset.range.from; from < dataset.range.to; from += DAY_MS) {
      for (const { table, columns, select } of HISTORY_EXPORTS) {
        await copy(table, columns, select, { from, to: from + DAY_MS });
      }
    }
    for (const index of indexes) await run('bench_index', index);
    for (const index of LEGACY_INDEXES) await run('bench_legacy_index', `CREATE ${index}`);
    for (const table of ['users', 'applications', 'endpoints', 'events', 'delivery_attempts']) {
      await run('bench_vacuum', `VACUUM ANALYZE ${table}`);
    }
  });

/** Copies users, applications and endpoints alone. */
export const fillConfiguration = (servers: BenchServers, dataset: Dataset, signal: AbortSignal): Promise<void> =>
  withLoader(servers, signal, ({ copy }) => copyConfiguration(copy, dataset));

type Copy = (table: string, columns: string, select: string, params: Params) => Promise<void>;

interface Loader {
  readonly postgres: PostgresDatabase;
  readonly run: (name: string, text: string) => Promise<unknown>;
  readonly copy: Copy;
}

async function copyConfiguration(copy: Copy, { users }: Dataset): Promise<void> {
  for (const { table, columns, select } of CONFIGURATION_EXPORTS) await copy(table, columns, select, { users });
}

async function withLoader(
  servers: BenchServers,
  signal: AbortSignal,
  load: (loader: Loader) => Promise<void>,
): Promise<void> {
  const postgres = new PostgresDatabase(servers.postgresUrl, {
    applicationName: 'bench-load',
    maxConnections: 1,
    statementTimeoutMs: LOAD_TIMEOUT_MS,
  });
  const run = (name: string, text: string): Promise<unknown> => postgres.query({ name, text });
  const copy: Copy = async (table, columns, select, params) => {
    signal.throwIfAborted();
    const file = join(servers.folder, `${table}.tsv`);
    await exportRows(servers.clickhouseUrl, select, params, file);
    await run(`bench_copy_${table}`, `COPY ${table} (${columns}) FROM '${file.replaceAll("'", "''")}'`);
    await rm(file);
  };
  try {
    await load({ postgres, run, copy });
  } finally {
    await postgres.close();
  }
}

/** Resolves to the statements that make them again, which costs less once the rows are in. */
async function dropSecondaryIndexes(postgres: PostgresDatabase): Promise<string[]> {
  const indexes = await postgres.query<{ name: string; definition: string }>({
    name: 'bench_secondary_indexes',
    text: `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
      FROM pg_index
      WHERE indrelid IN ('events'::regclass, 'delivery_attempts'::regclass) AND NOT indisunique`,
  });
  for (const { name } of indexes) await postgres.query({ name: 'bench_drop_index', text: `DROP INDEX ${name}` });
  return indexes.map(({ definition }) => definition);
}

type Params = Readonly<Record<string, number>>;

/** Bytes as 0x hex text, everything else as ClickHouse writes it, which is how COPY reads it. */
const HISTORY_EXPORTS = [
  { type: eventType, time: 'ingested_at' },
  { type: attemptType, time: 'created_at' },
].map(({ type, time }) => {
  const values = Object.entries(type.columns).map(([name, { clickhouse }]) =>
    clickhouse.includes('FixedString') || name === 'data' ? `concat('0x', lower(hex(${name}))) AS ${name}` : name,
  );
  return {
    table: type.table,
    columns: type.columnNames.join(', '),
    select: `SELECT ${values.join(', ')} FROM ${type.table}
      WHERE ${time} >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ${time} < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
      ORDER BY ${time}`,
  };
});

async function exportRows(clickhouseUrl: string, select: string, params: Params, file: string): Promise<void> {
  const url = new URL(clickhouseUrl);
  const search = new URLSearchParams({ database: url.pathname.slice(1), default_format: 'TabSeparated' });
  for (const [name, value] of Object.entries(params)) search.set(`param_${name}`, String(value));
  const response = await fetch(`${url.origin}/?${search}`, {
    method: 'POST',
    body: select,
    headers: { 'X-ClickHouse-User': url.username, 'X-ClickHouse-Key': url.password },
  });
  if (!response.ok || response.body === null) throw new Error(`the export failed: ${await response.text()}`);
  await pipeline(Readable.fromWeb(response.body), createWriteStream(file, { mode: 0o644 }));
}
