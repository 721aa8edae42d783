import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startServer, untilReady } from '../src/embedded/child.js';
import { startClickHouse } from '../src/embedded/clickhouse.js';
import { compiledFile } from '../src/embedded/compiled-file.js';
import { freePort } from '../src/embedded/free-port.js';
import { startPostgres } from '../src/embedded/postgres.js';
import { startRedis } from '../src/embedded/redis.js';
import { migrateUp } from '../src/migration/schema-runner.js';
import type { Lifecycle } from '../src/platform/lifecycle.js';
import { createLogger } from '../src/platform/logger.js';

/** Servers that one benchmark has for itself, with the schema in place. */
export interface BenchServers {
  /** All files of theirs, and room for ours; other users may enter it. */
  readonly folder: string;
  readonly postgresUrl: string;
  readonly clickhouseUrl: string;
  readonly redisUrl: string;
  readonly pids: { readonly clickhouse: number; readonly postgres: number; readonly redis: number };
}

export interface BenchGateway {
  readonly graphqlUrl: string;
  readonly jwtSecret: string;
  readonly pid: number;
}

/** Starts the three servers in a temporary folder; `lifecycle` stops them and removes it. */
export async function startServers(
  lifecycle: Lifecycle,
  say: (line: string) => void,
  { clickhouseMemoryBytes }: { readonly clickhouseMemoryBytes?: number } = {},
): Promise<BenchServers> {
  const folder = mkdtempSync(join(tmpdir(), 'ethhook-bench-'));
  lifecycle.push('folder', () => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  const password = randomBytes(12).toString('hex');
  const ports: number[] = [];
  for (let index = 0; index < 3; index++) ports.push(await freePort(ports));
  const [clickhousePort = 0, postgresPort = 0, redisPort = 0] = ports;
  const clickhouse = await startClickHouse({
    folder: join(folder, 'clickhouse'),
    port: clickhousePort,
    password,
    ...(clickhouseMemoryBytes === undefined ? {} : { maxMemoryBytes: clickhouseMemoryBytes }),
  });
  lifecycle.push('clickhouse', () => clickhouse.stop());
  const postgres = await startPostgres({ folder: join(folder, 'postgres'), port: postgresPort, password });
  lifecycle.push('postgres', () => postgres.stop());
  const redis = await startRedis({ folder: join(folder, 'redis'), port: redisPort, password, say });
  lifecycle.push('redis', () => redis.stop());
  await migrateUp({
    postgresUrl: postgres.url,
    clickhouseUrl: clickhouse.url,
    retention: { eventsDays: 90, attemptsDays: 30 },
    logger: createLogger('bench', 'warn'),
  });
  return {
    folder,
    postgresUrl: postgres.url,
    clickhouseUrl: clickhouse.url,
    redisUrl: redis.url,
    pids: { clickhouse: clickhouse.pid, postgres: postgres.pid, redis: redis.pid },
  };
}

/** Starts a gateway process as in production. */
export async function startGateway(servers: BenchServers, lifecycle: Lifecycle): Promise<BenchGateway> {
  const port = await freePort();
  const jwtSecret = randomBytes(32).toString('hex');
  const { pid } = await startProcess(servers, lifecycle, {
    command: 'gateway',
    environment: { PORT: String(port), JWT_SECRET: jwtSecret },
    readyUrl: `http://127.0.0.1:${port}/readyz`,
  });
  return { graphqlUrl: `http://127.0.0.1:${port}/graphql`, jwtSecret, pid };
}

/** Starts an ingest worker as in production. */
export async function startWorker(servers: BenchServers, lifecycle: Lifecycle): Promise<void> {
  const port = await freePort();
  await startProcess(servers, lifecycle, {
    command: 'worker',
    environment: { WORKER_PORT: String(port) },
    readyUrl: `http://127.0.0.1:${port}/readyz`,
  });
}

interface ProductionProcess {
  readonly command: 'gateway' | 'worker';
  readonly environment: Readonly<Record<string, string>>;
  readonly readyUrl: string;
}

async function startProcess(
  servers: BenchServers,
  lifecycle: Lifecycle,
  { command, environment, readyUrl }: ProductionProcess,
): Promise<Child> {
  const logFile = join(servers.folder, `${command}.log`);
  const child = await startServer({
    command: process.execPath,
    args: [compiledFile('src/main.js'), command],
    logFile,
    stopSignal: 'SIGTERM',
    deathSignal: 'SIGKILL',
    environment: {
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      POSTGRES_URL: servers.postgresUrl,
      CLICKHOUSE_URL: servers.clickhouseUrl,
      REDIS_URL: servers.redisUrl,
      LOG_LEVEL: 'warn',
      ...environment,
    },
  });
  lifecycle.push(command, () => child.stop());
  await untilReady({ what: `The ${command}`, child, logFile, probe: async () => (await fetch(readyUrl)).ok });
  return child;
}
