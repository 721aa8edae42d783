import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startServer, untilReady } from '../src/embedded/child.js';
import { compiledFile } from '../src/embedded/compiled-file.js';
import { freePort } from '../src/embedded/free-port.js';
import type { Lifecycle } from '../src/platform/lifecycle.js';
import { attemptType } from '../src/records/attempt.js';
import { type MigrationPhase, PHASE_MEANING } from '../src/records/migration-phase.js';
import { type EntryForm, RedisNames, type StreamName } from '../src/records/names.js';
import type { ClickHouseDatabase } from '../src/stores/clickhouse/database.js';
import { INSERT_ONE_BLOCK, insertBatch } from '../src/stores/clickhouse/insert-batch.js';
import type { PostgresDatabase } from '../src/stores/postgres/database.js';
import { RedisDatabase, redisScript } from '../src/stores/redis/database.js';
import type { BenchServers } from './servers.js';

export interface IngestStores {
  readonly clickhouse: ClickHouseDatabase;
  readonly postgres: PostgresDatabase;
}

const CLICKHOUSE_TABLES = ['events', 'delivery_attempts', 'delivery_stats_hourly', 'delivery_stats_daily'];
/** Each look costs Redis and this process some of the two cores that are measured. */
const POLL_MS = 25;
const ADD_PER_CALL = 1_000;
const ADD_BYTES_PER_CALL = 8 * 1024 * 1024;
const ADD = redisScript('benchAdd', "for i = 2, #ARGV do redis.call('XADD', KEYS[1], '*', ARGV[1], ARGV[i]) end");

/** Leaves the tables as empty as they were. */
export async function emptyTables({ clickhouse, postgres }: IngestStores): Promise<void> {
  for (const table of CLICKHOUSE_TABLES) {
    await clickhouse.command({ name: 'bench_empty', query: `TRUNCATE TABLE ${table}` });
  }
  await postgres.query({ name: 'bench_empty', text: 'TRUNCATE events, delivery_attempts' });
}

/** One block after the other, with the settings of the worker's own inserts. */
export async function insertRowBinary(clickhouse: ClickHouseDatabase, blocks: readonly Buffer[]): Promise<void> {
  const signal = new AbortController().signal;
  for (const rowBinary of blocks) {
    await insertBatch(clickhouse, attemptType, { rowBinary, token: randomBytes(16).toString('hex'), signal });
  }
}

/** The same with lines of JSON, which ClickHouse parses. */
export async function insertJson(clickhouse: ClickHouseDatabase, blocks: readonly Buffer[]): Promise<void> {
  for (const body of blocks) {
    await clickhouse.insert({
      name: 'bench_insert_json',
      query: `INSERT INTO ${attemptType.table} (${attemptType.columnNames.join(', ')}) FORMAT JSONEachRow`,
      body,
      settings: {
        ...INSERT_ONE_BLOCK,
        date_time_input_format: 'best_effort',
        insert_deduplication_token: randomBytes(16).toString('hex'),
      },
    });
  }
}

/** Writes what COPY reads: the rows of `delivery_attempts` as they stand in ClickHouse. Returns the file. */
export async function exportForCopy(servers: BenchServers): Promise<string> {
  const file = join(servers.folder, 'attempts.tsv');
  const url = new URL(servers.clickhouseUrl);
  const search = new URLSearchParams({ database: url.pathname.slice(1), default_format: 'TabSeparated' });
  const response = await fetch(`${url.origin}/?${search}`, {
    method: 'POST',
    body: `SELECT ${attemptType.columnNames.join(', ')} FROM delivery_attempts ORDER BY created_at`,
    headers: { 'X-ClickHouse-User': url.username, 'X-ClickHouse-Key': url.password },
  });
  if (!response.ok) throw new Error(`the export failed: ${await response.text()}`);
  await writeFile(file, Buffer.from(await response.arrayBuffer()), { mode: 0o644 });
  return file;
}

export async function copyIntoPostgres(postgres: PostgresDatabase, file: string): Promise<void> {
  await postgres.query({
    name: 'bench_copy_attempts',
    text: `COPY delivery_attempts (${attemptType.columnNames.join(', ')}) FROM '${file.replaceAll("'", "''")}'`,
  });
}

/** A worker process as in production, which stands still while its streams are filled. */
export class BenchWorker {
  readonly #names = new RedisNames('ethhook');

  private constructor(
    readonly pid: number,
    private readonly redis: RedisDatabase,
    private readonly healthUrl: string,
  ) {}

  static async start(
    servers: BenchServers,
    lifecycle: Lifecycle,
    nodeOptions: readonly string[] = [],
  ): Promise<BenchWorker> {
    const port = await freePort();
    const logFile = join(servers.folder, 'worker.log');
    const child = await startServer({
      command: process.execPath,
      args: [...nodeOptions, compiledFile('src/main.js'), 'worker'],
      logFile,
      stopSignal: 'SIGTERM',
      deathSignal: 'SIGKILL',
      environment: {
        NODE_ENV: 'production',
        HOST: '127.0.0.1',
        WORKER_PORT: String(port),
        POSTGRES_URL: servers.postgresUrl,
        CLICKHOUSE_URL: servers.clickhouseUrl,
        REDIS_URL: servers.redisUrl,
        LOG_LEVEL: 'warn',
      },
    });
    lifecycle.push('worker', () => child.stop());
    const healthUrl = `http://127.0.0.1:${port}`;
    const redis = new RedisDatabase(servers.redisUrl, { applicationName: 'bench' });
    lifecycle.push('redis client', () => redis.close());
    const worker = new BenchWorker(child.pid, redis, healthUrl);
    await untilReady({ what: 'The worker', child, logFile, probe: async () => (await worker.#readiness()).ready });
    return worker;
  }

  /** Resolves when it writes exactly the stores of a phase. */
  async enter(phase: MigrationPhase, postgres: PostgresDatabase): Promise<void> {
    await postgres.query({ name: 'bench_phase', text: 'UPDATE migration_phase SET phase = $1', values: [phase] });
    const lanes = 2 * PHASE_MEANING[phase].writesTo.length;
    for (;;) {
      const readiness = await this.#readiness();
      if (readiness.ready && readiness.phase === phase && Object.keys(readiness.lanes).length === lanes) return;
      await delay(50);
    }
  }

  /** Makes it stand still and adds entries behind its back. Far shorter than it takes to be thought dead by others. */
  async fill(stream: StreamName, form: EntryForm, values: readonly Buffer[]): Promise<void> {
    process.kill(this.pid, 'SIGSTOP');
    for (let at = 0; at < values.length; ) {
      const from = at;
      for (let bytes = 0; at < values.length && at - from < ADD_PER_CALL && bytes < ADD_BYTES_PER_CALL; at++) {
        bytes += values[at]?.length ?? 0;
      }
      await this.redis.script(ADD, [this.#names.stream(stream)], [form, ...values.slice(from, at)]);
    }
  }

  /** Lets it go on; resolves when every group has acknowledged every entry. Throws once the signal aborts. */
  async drain(stream: StreamName, signal: AbortSignal): Promise<void> {
    process.kill(this.pid, 'SIGCONT');
    const key = this.#names.stream(stream);
    const last = fieldOf(await this.redis.command('XINFO', 'STREAM', key), 'last-generated-id');
    for (;;) {
      const groups = (await this.redis.command('XINFO', 'GROUPS', key)) as unknown[][];
      const isDone = (group: unknown): boolean =>
        fieldOf(group, 'pending') === 0 && fieldOf(group, 'last-delivered-id') === last;
      if (groups.every(isDone)) return;
      await delay(POLL_MS, undefined, { signal });
    }
  }

  async #readiness(): Promise<{ ready: boolean; phase: string; lanes: object }> {
    return (await (await fetch(`${this.healthUrl}/readyz`)).json()) as { ready: boolean; phase: string; lanes: object };
  }
}

function fieldOf(reply: unknown, name: string): unknown {
  const fields = reply as unknown[];
  return fields[fields.indexOf(name) + 1];
}
