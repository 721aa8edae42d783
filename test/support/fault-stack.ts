import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { migrateUp } from '../../src/migration/schema-runner.js';
import { UpstreamError } from '../../src/platform/errors.js';
import { attemptType } from '../../src/records/attempt.js';
import { eventType } from '../../src/records/event.js';
import { STORES, type Store } from '../../src/records/migration-phase.js';
import { RedisNames, STREAMS } from '../../src/records/names.js';
import type { RecordType } from '../../src/records/record-type.js';
import { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';
import { PostgresDatabase } from '../../src/stores/postgres/database.js';
import { RedisDatabase } from '../../src/stores/redis/database.js';
import { groupFigures } from '../../src/stores/redis/group-figures.js';
import { Accepted, differenceOf, type Rows, rollupKey, rollupText } from './accepted.js';
import { FaultProcess } from './fault-process.js';
import { FaultServers, UPSTREAMS } from './fault-servers.js';
import { FaultTraffic } from './fault-traffic.js';
import { SECRET } from './gateway.js';
import { clickhouseRows, postgresRows } from './ingest.js';
import { until } from './until.js';

const RETENTION = { eventsDays: 90, attemptsDays: 30 };
const TABLES = ['events', 'delivery_attempts', 'delivery_stats_hourly', 'delivery_stats_daily'];

/** Servers, workers and traffic that faults are done to, and the account of what must be there afterwards. */
export class FaultStack {
  readonly accepted = new Accepted();
  readonly names = new RedisNames('ethhook');
  readonly traffic: FaultTraffic;
  readonly #processes: FaultProcess[] = [];
  #keepsLog = false;
  readonly #logFile = join(tmpdir(), `ethhook-faults-${process.pid}.log`);

  private constructor(
    readonly servers: FaultServers,
    readonly redis: RedisDatabase,
    readonly postgres: PostgresDatabase,
    readonly clickhouse: ClickHouseDatabase,
    private readonly withinSeconds: number,
  ) {
    this.traffic = new FaultTraffic(redis, this.names, this.accepted);
  }

  /** After the end of a fault everything has to be right within so many seconds. */
  static async start({ withinSeconds }: { readonly withinSeconds: number }): Promise<FaultStack> {
    const servers = await FaultServers.start();
    const [postgresUrl, clickhouseUrl] = [servers.url('postgres'), servers.url('clickhouse')];
    const application = { applicationName: 'test' };
    await migrateUp({ postgresUrl, clickhouseUrl, retention: RETENTION, logger: pino({ level: 'silent' }) });
    return new FaultStack(
      servers,
      new RedisDatabase(servers.url('redis'), application),
      new PostgresDatabase(postgresUrl, application),
      new ClickHouseDatabase(clickhouseUrl, application),
      withinSeconds,
    );
  }

  /** A worker that reaches the servers through their proxies. Resolves when it is ready. */
  async startWorker(overrides: Readonly<Record<string, string>> = {}): Promise<FaultProcess> {
    const worker = await this.launchWorker(overrides);
    await worker.ready();
    return worker;
  }

  /** As {@link startWorker}, without waiting. */
  async launchWorker(overrides: Readonly<Record<string, string>> = {}): Promise<FaultProcess> {
    const environment = { ...this.#urls(), BATCH_MAX_ROWS: '500', ...overrides };
    return this.#launch({ command: 'worker', environment, logFile: this.#logFile });
  }

  /** A gateway that reaches the servers through their proxies, on a port of its own or this one. Resolves when it is ready. */
  async startGateway(port?: number): Promise<FaultProcess> {
    const environment = { ...this.#urls(), JWT_SECRET: SECRET };
    const onPort = port === undefined ? {} : { port };
    const gateway = await this.#launch({ command: 'gateway', environment, logFile: this.#logFile, ...onPort });
    await gateway.ready();
    return gateway;
  }

  async #launch(options: Parameters<typeof FaultProcess.start>[0]): Promise<FaultProcess> {
    const launched = await FaultProcess.start(options);
    this.#processes.push(launched);
    return launched;
  }

  #urls(): Record<string, string> {
    const { servers } = this;
    return {
      POSTGRES_URL: servers.proxiedUrl('postgres'),
      CLICKHOUSE_URL: servers.proxiedUrl('clickhouse'),
      REDIS_URL: servers.proxiedUrl('redis'),
    };
  }

  /** Lets traffic flow while something is done; what was sent by its end is accepted. */
  async under<T>(rate: number, act: () => Promise<T>): Promise<T> {
    const stopping = new AbortController();
    const flowing = this.traffic.run(rate, stopping.signal);
    try {
      return await act();
    } finally {
      stopping.abort();
      await flowing;
    }
  }

  /** Waits until this store holds what was accepted, whatever the other one does. */
  async expectStored(store: Store): Promise<void> {
    const isStored = async (): Promise<boolean> => (await this.#rowDifference(store)) === null;
    await until(`${store} holds what was accepted`, isStored, this.withinSeconds);
  }

  /**
   * Waits until both stores hold what was accepted, row by row, and every sum is what it counts. Fails, saying where they
   * differ, when the time for that is over: it begins with this call, which is made when the fault has ended.
   */
  async expectExact({ rollups = true }: { readonly rollups?: boolean } = {}): Promise<void> {
    let difference: string | null = 'nothing was compared';
    const compare = async (): Promise<boolean> => {
      difference = await this.#difference(rollups).catch((error: unknown) => {
        if (!(error instanceof UpstreamError)) throw error;
        return error.message;
      });
      return difference === null;
    };
    await until('both stores hold what was accepted', compare, this.withinSeconds).catch((error: unknown) => {
      this.#keepsLog = true;
      throw new Error(`${difference}. The workers' log: ${this.#logFile}`, { cause: error });
    });
  }

  /** Entries that were not delivered or not acknowledged yet, over all groups. */
  async unfinished(): Promise<number> {
    let entries = 0;
    for (const stream of STREAMS) {
      for (const group of STORES) {
        const { lag, pending } = await groupFigures(this.redis, { names: this.names, stream, group });
        entries += lag + pending;
      }
    }
    return entries;
  }

  log(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  /** Ends every process and fault of the network, and empties everything. */
  async reset(): Promise<void> {
    for (const name of UPSTREAMS) this.servers.proxy(name).set({ kind: 'none' });
    await Promise.all(this.#processes.map((each) => each.kill()));
    this.#processes.length = 0;
    await this.redis.command('FLUSHALL');
    await this.postgres.query({ name: 'test', text: `TRUNCATE ${TABLES.slice(0, 2).join(', ')}` });
    for (const table of TABLES) await this.clickhouse.command({ name: 'test', query: `TRUNCATE TABLE ${table}` });
    this.traffic.clear();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((each) => each.kill()));
    this.redis.close();
    await Promise.all([this.postgres.close(), this.clickhouse.close()]);
    await this.servers.stop();
    if (!this.#keepsLog) rmSync(this.#logFile, { force: true });
  }

  async #difference(rollups: boolean): Promise<string | null> {
    const unfinished = await this.unfinished();
    if (unfinished > 0) return `${unfinished} entries are not finished`;
    const letters = Number(await this.redis.command('XLEN', this.names.deadLetters));
    if (letters !== this.accepted.deadLetters) {
      return `${letters} dead letters, expected ${this.accepted.deadLetters}`;
    }
    return (
      (await this.#rowDifference('clickhouse')) ??
      (await this.#rowDifference('postgres')) ??
      (rollups ? await this.#rollupDifference() : null)
    );
  }

  async #rowDifference(store: Store): Promise<string | null> {
    const rowsOf = <R>(type: RecordType<R>): Promise<Rows> =>
      store === 'clickhouse' ? clickhouseRows(this.clickhouse, type) : postgresRows(this.postgres, type);
    return (
      differenceOf(`attempts in ${store}`, await rowsOf(attemptType), this.accepted.attemptRows(store)) ??
      differenceOf(`events in ${store}`, await rowsOf(eventType), this.accepted.eventRows())
    );
  }

  async #rollupDifference(): Promise<string | null> {
    for (const grain of ['hourly', 'daily'] as const) {
      const difference = differenceOf(`${grain} sums`, await this.#rollup(grain), this.accepted.rollupRows(grain));
      if (difference !== null) return difference;
    }
    return null;
  }

  async #rollup(grain: 'hourly' | 'daily'): Promise<Rows> {
    const [table, period] = grain === 'hourly' ? ['delivery_stats_hourly', 'hour'] : ['delivery_stats_daily', 'day'];
    const rows = await this.clickhouse.query<{ key: (string | number)[]; n: number; latency: [number, number][] }>({
      name: 'test',
      query: `SELECT [toString(user_id), toString(toUnixTimestamp(toDateTime(${period}, 'UTC')) * 1000),
          toString(endpoint_id), toString(status), toString(http_status_code), toString(attempt_number)] AS key,
          sum(attempts) AS n, CAST(mapFilter((ms, count) -> count != 0, sumMap(latency)), 'Array(Tuple(UInt32, Int64))') AS latency
        FROM ${table}
        GROUP BY user_id, ${period}, endpoint_id, status, http_status_code, attempt_number
        HAVING n != 0 OR notEmpty(latency)`,
    });
    return rows.map(({ key, n, latency }) => rollupText(rollupKey(key), n, latency)).sort();
  }
}
