import type { EntryForm } from '../src/records/names.js';
import { PostgresDatabase } from '../src/stores/postgres/database.js';
import type { Benchmark, BenchOptions, BenchReport, Comparison } from './benchmark.js';
import { openClickHouse, withLifecycle } from './filled-servers.js';
import { BLOCK_ROWS, type IngestRows, ingestRows } from './ingest-rows.js';
import {
  BenchWorker,
  copyIntoPostgres,
  emptyTables,
  exportForCopy,
  type IngestStores,
  insertJson,
  insertRowBinary,
} from './ingest-sides.js';
import { type Measurement, measureAlternately, type Side } from './measure.js';
import { peakMemory } from './process-cost.js';
import { startServers } from './servers.js';

const ROWS = 1_000_000;
const TIMEOUT_MS = 300_000;
/** Postgres takes several times as long for a row. */
const POSTGRES_ROWS = 300_000;
const LIMITS = { budgetMs: 60_000, timeoutMs: TIMEOUT_MS };
const ROUNDS = { warmUps: 1, rounds: 5, ...LIMITS };
const POSTGRES_ROUNDS = { warmUps: 1, rounds: 3, ...LIMITS };
const MEMORY_LIMIT = 400 * 1024 * 1024;
const LARGE_DATA_BYTES = 1024 * 1024;
const LARGE_ENTRIES = 200;

const JSON_INSERT = 'direct INSERT, JSONEachRow';
const ROW_BINARY_INSERT = 'direct INSERT, RowBinary';
const workerOf = (form: EntryForm): string => `worker, \`${form}\``;
/** What part of the direct insert's rows/s each form must reach. */
const FORMS: readonly { form: EntryForm; insert: string; atLeast: number }[] = [
  { form: 'record', insert: JSON_INSERT, atLeast: 0.5 },
  { form: 'records', insert: JSON_INSERT, atLeast: 0.8 },
  { form: 'rowbinary', insert: ROW_BINARY_INSERT, atLeast: 0.8 },
];
const BOTH_AT_LEAST = 0.7;

export const ingest: Benchmark = {
  name: 'ingest',
  run: ({ scale, smoke, say, signal }: BenchOptions): Promise<BenchReport> =>
    withLifecycle(say, async (lifecycle) => {
      say('starting servers');
      const servers = await startServers(lifecycle, say);
      const clickhouse = openClickHouse(servers, lifecycle);
      const postgres = new PostgresDatabase(servers.postgresUrl, {
        applicationName: 'bench',
        statementTimeoutMs: TIMEOUT_MS,
      });
      lifecycle.push('postgres client', () => postgres.close());
      const stores = { clickhouse, postgres };
      const rows = ingestRows(Math.round(ROWS * scale), Date.now());
      const fewer = ingestRows(Math.round(POSTGRES_ROWS * scale), Date.now());
      await insertRowBinary(clickhouse, fewer.rowBinaryBlocks);
      const copyFile = await exportForCopy(servers);
      const worker = await BenchWorker.start(servers, lifecycle);

      await worker.enter('complete', postgres);
      say('ClickHouse alone: measuring');
      const clickhouseAlone = await measure(
        { title: 'ClickHouse alone', baseline: ROW_BINARY_INSERT, rows: rows.count },
        [
          ...FORMS.map(({ form }) => workerSide(worker, stores, rows, form, signal)),
          emptied(stores, JSON_INSERT, () => insertJson(clickhouse, rows.jsonBlocks)),
          emptied(stores, ROW_BINARY_INSERT, () => insertRowBinary(clickhouse, rows.rowBinaryBlocks)),
        ],
        { ...ROUNDS, smoke, signal },
      );
      await worker.enter('postgres', postgres);
      say('Postgres alone: measuring');
      const postgresAlone = await measure(
        { title: 'Postgres alone', baseline: 'COPY', rows: fewer.count },
        [
          ...FORMS.map(({ form }) => workerSide(worker, stores, fewer, form, signal)),
          emptied(stores, 'COPY', () => copyIntoPostgres(postgres, copyFile)),
        ],
        { ...POSTGRES_ROUNDS, smoke, signal },
      );
      await worker.enter('cutover', postgres);
      say('both sinks: measuring');
      const both = await measure(
        { title: 'Both sinks', baseline: workerOf('record'), rows: fewer.count },
        FORMS.map(({ form }) => workerSide(worker, stores, fewer, form, signal)),
        { ...POSTGRES_ROUNDS, smoke, signal },
      );
      say('a backlog of the largest entries');
      const usual = peakMemory(worker.pid);
      const large = largeEvents(smoke ? 2 : LARGE_ENTRIES, Date.now());
      await worker.fill('events', 'record', large);
      await worker.drain('events', signal);
      return {
        name: 'ingest',
        title: 'Ingest',
        scale,
        about: `From a filled stream to committed with all views: ${rows.count} delivery attempts of six hours, by entry form (250 rows an entry of \`records\` and \`rowbinary\`), in ${ROUNDS.rounds} rounds with ClickHouse alone, and ${fewer.count} in ${POSTGRES_ROUNDS.rounds} rounds with Postgres alone and with both; against one client that inserts the same rows in blocks of ${BLOCK_ROWS} with the worker's own settings, and against COPY of the same rows from a file. Tables are emptied before each run; the worker, Redis and the databases share the machine.`,
        comparisons: [clickhouseAlone, postgresAlone, both],
        claims: [
          ...FORMS.map(({ form, insert, atLeast }) => insertClaim(clickhouseAlone, form, insert, atLeast)),
          ...FORMS.map(({ form }) => bothClaim(postgresAlone, both, form)),
          memoryClaim('with these backlogs', usual),
          memoryClaim(`with a backlog of ${large.length} events of 1 MiB as well`, peakMemory(worker.pid)),
        ],
      };
    }),
};

const measure = async (
  comparison: Omit<Comparison, 'sides'>,
  sides: readonly Side[],
  options: Parameters<typeof measureAlternately>[1],
): Promise<Comparison> => ({ ...comparison, sides: await measureAlternately(sides, options) });

const emptied = (stores: IngestStores, name: string, run: () => Promise<void>): Side => ({
  name,
  prepare: () => emptyTables(stores),
  run,
});

const workerSide = (
  worker: BenchWorker,
  stores: IngestStores,
  rows: IngestRows,
  form: EntryForm,
  signal: AbortSignal,
): Side => ({
  name: workerOf(form),
  prepare: async () => {
    await emptyTables(stores);
    await worker.fill('delivery_attempts', form, rows.entries[form]);
  },
  run: () => worker.drain('delivery_attempts', signal),
});

const p50 = (sides: readonly Measurement[], name: string): number =>
  sides.find((side) => side.name === name)?.p50Ms ?? Number.NaN;

function insertClaim({ sides }: Comparison, form: EntryForm, insert: string, atLeast: number) {
  const ratio = p50(sides, insert) / p50(sides, workerOf(form));
  return {
    text: `\`${form}\` reaches ${ratio.toFixed(2)} of the rows/s of a direct INSERT of the same rows in the same format (at least ${atLeast})`,
    holds: ratio >= atLeast,
  };
}

/** Postgres is the slower store by far. */
function bothClaim(postgresAlone: Comparison, both: Comparison, form: EntryForm) {
  const ratio = p50(postgresAlone.sides, workerOf(form)) / p50(both.sides, workerOf(form));
  return {
    text: `\`${form}\` into both stores reaches ${ratio.toFixed(2)} of the rows/s of Postgres, the slower store, alone (at least ${BOTH_AT_LEAST})`,
    holds: ratio >= BOTH_AT_LEAST,
  };
}

const memoryClaim = (when: string, bytes: number) => ({
  text: `the worker's memory ${when} stays below 400 MiB: ${Math.round(bytes / 2 ** 20)} MiB at its peak`,
  holds: bytes < MEMORY_LIMIT,
});

/** Events with as much data as they may have. */
function largeEvents(count: number, now: number): Buffer[] {
  const hash = `0x${'ab'.repeat(32)}`;
  const data = `0x${'cd'.repeat(LARGE_DATA_BYTES)}`;
  const event = { chain_id: 1, block_number: 1, block_hash: hash, transaction_hash: hash, transaction_index: 0, data };
  return Array.from({ length: count }, (_, index) =>
    Buffer.from(
      JSON.stringify({
        ...event,
        id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
        log_index: index,
        address: `0x${'ef'.repeat(20)}`,
        ingested_at: new Date(now).toISOString(),
      }),
    ),
  );
}
