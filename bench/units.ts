import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Lifecycle } from '../src/platform/lifecycle.js';
import { ENTRY_FORMS, type EntryForm, RedisNames } from '../src/records/names.js';
import { ClickHouseDatabase } from '../src/stores/clickhouse/database.js';
import { rollupDifferences } from '../src/stores/clickhouse/rollup-differences.js';
import { PostgresDatabase } from '../src/stores/postgres/database.js';
import { RedisDatabase } from '../src/stores/redis/database.js';
import { datasetOf, fillClickHouse } from './dataset.js';
import { type IngestRows, ingestRows } from './ingest-rows.js';
import { BenchWorker, emptyTables, type IngestStores } from './ingest-sides.js';
import { type BenchServers, startServers } from './servers.js';

/*
 * What one row and one entry take: the units that docs/scaling.md reckons with. `node dist/bench/units.js`, after a build.
 * CPU time is that of whole processes, background work included, so that other work on the machine hardly shows.
 */

const SCALE = 0.1;
const STREAM_ROWS = 200_000;
const COMPARISONS = 10;
/** Linux counts a process's time in hundredths of a second. */
const TICKS_PER_SECOND = 100;
const { signal } = new AbortController();

const lifecycle = new Lifecycle((name, error) => console.error(`could not stop ${name}:`, error));
try {
  const servers = await startServers(lifecycle, console.error);
  const clickhouse = new ClickHouseDatabase(servers.clickhouseUrl, { applicationName: 'bench', timeoutMs: 600_000 });
  lifecycle.push('clickhouse client', () => clickhouse.close());
  const postgres = new PostgresDatabase(servers.postgresUrl, { applicationName: 'bench' });
  lifecycle.push('postgres', () => postgres.close());
  const dataset = datasetOf(SCALE, Date.now());
  await fillClickHouse(clickhouse, dataset, signal);
  console.log(`${dataset.events} events, ${dataset.attempts} attempts, ${dataset.users} users, 30 days`);
  await reportTables(clickhouse);
  await reportIngest(servers, { clickhouse, postgres });
  await reportAudit(servers, clickhouse);
} finally {
  await lifecycle.close();
}

async function reportTables(clickhouse: ClickHouseDatabase): Promise<void> {
  for (const table of ['events', 'delivery_attempts', 'delivery_stats_hourly', 'delivery_stats_daily']) {
    await clickhouse.command({ name: 'bench_merge', query: `OPTIMIZE TABLE ${table} FINAL` });
  }
  const rows = await clickhouse.query<{ name: string; rows: number; bytes: number; indexes: number; keys: number }>({
    name: 'bench_sizes',
    query: `SELECT table AS name, sum(rows) AS rows, sum(bytes_on_disk) AS bytes,
        sum(secondary_indices_compressed_bytes) AS indexes, sum(primary_key_bytes_in_memory) AS keys
      FROM system.parts WHERE active AND database = currentDatabase() AND table NOT LIKE '%migrations' GROUP BY table`,
  });
  for (const { name, rows: count, bytes, indexes, keys } of rows) {
    const each = (part: number): string => (part / count).toFixed(2);
    console.log(
      `${name}: ${count} rows, ${each(bytes)} bytes a row on disk, ${each(indexes)} of them indexes; ${each(keys)} of key in memory`,
    );
  }
}

/** Of the day that has the most attempts. */
async function reportAudit(servers: BenchServers, clickhouse: ClickHouseDatabase): Promise<void> {
  const [busiest] = await clickhouse.query<{ day: number; attempts: number }>({
    name: 'bench_day',
    query: `SELECT toUnixTimestamp(toStartOfDay(created_at)) * 1000 AS day, count() AS attempts
      FROM delivery_attempts GROUP BY day ORDER BY attempts DESC LIMIT 1`,
  });
  if (busiest === undefined) throw new Error('there are attempts');
  const { day, attempts } = busiest;
  const before = cpuSeconds(servers.pids.clickhouse);
  for (let run = 0; run < COMPARISONS; run++)
    await rollupDifferences(clickhouse, { day, userIds: null, signal }, 10_000);
  const seconds = (cpuSeconds(servers.pids.clickhouse) - before) / COMPARISONS;
  console.log(
    `a comparison of the audit: ${((seconds * 1e6) / attempts).toFixed(2)} µs of CPU an attempt of the day (${attempts})`,
  );
}

async function reportIngest(servers: BenchServers, stores: IngestStores): Promise<void> {
  const worker = await BenchWorker.start(servers, lifecycle);
  await worker.enter('complete', stores.postgres);
  const redis = new RedisDatabase(servers.redisUrl, { applicationName: 'bench' });
  lifecycle.push('redis client', () => redis.close());
  const rows = ingestRows(STREAM_ROWS, Date.now());
  await reportForm('records', true);
  for (const form of ENTRY_FORMS) await reportForm(form, false);

  async function reportForm(form: EntryForm, isWarmUp: boolean): Promise<void> {
    await emptyTables(stores);
    await worker.fill('delivery_attempts', form, rows.entries[form]);
    const stream = new RedisNames('ethhook').stream('delivery_attempts');
    const bytes = Number(await redis.command('MEMORY', 'USAGE', stream, 'SAMPLES', 0));
    const pids = { worker: worker.pid, ...servers.pids };
    const before = Object.entries(pids).map(([name, pid]) => ({ name, pid, seconds: cpuSeconds(pid) }));
    await worker.drain('delivery_attempts', signal);
    await settled(stores.clickhouse);
    if (isWarmUp) return;
    const spent = before.map(
      ({ name, pid, seconds }) => `${name} ${(((cpuSeconds(pid) - seconds) * 1e6) / rows.count).toFixed(1)}`,
    );
    console.log(
      `${form}: ${(bytes / rows.count).toFixed(0)} bytes of Redis a row (${sizeOf(rows, form)} sent); µs of CPU a row: ${spent.join(', ')}`,
    );
  }
}

function sizeOf({ entries, count }: IngestRows, form: EntryForm): number {
  return Math.round(entries[form].reduce((sum, { length }) => sum + length, 0) / count);
}

/** Resolves when nothing is being merged. */
async function settled(clickhouse: ClickHouseDatabase): Promise<void> {
  for (let idle = 0; idle < 10; ) {
    await delay(100);
    const merges = await clickhouse.query({ name: 'bench_merges', query: 'SELECT 1 FROM system.merges' });
    idle = merges.length === 0 ? idle + 1 : 0;
  }
}

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user = Number.NaN, system = Number.NaN] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return (user + system) / TICKS_PER_SECOND;
}
