import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../config.js';
import type { Child } from '../embedded/child.js';
import { startClickHouse } from '../embedded/clickhouse.js';
import { startNodeProcess } from '../embedded/node-process.js';
import { startPostgres } from '../embedded/postgres.js';
import { startRedis } from '../embedded/redis.js';
import type { Supervised, Supervisor } from '../embedded/supervisor.js';
import type { StackProcess } from './stack.js';
import type { StackPorts } from './stack-ports.js';

interface StackProcesses {
  readonly supervisor: Supervisor<StackProcess>;
  readonly dataDir: string;
  readonly ports: StackPorts;
  readonly say: (message: string) => void;
}

export interface StoreUrls {
  readonly clickhouseUrl: string;
  /** For a user that can only read. */
  readonly clickhouseReaderUrl: string;
  readonly postgresUrl: string;
  readonly redisUrl: string;
}

/** Starts the three servers at once. */
export async function keepServers(
  { supervisor, dataDir, ports, say }: StackProcesses,
  password: string,
): Promise<StoreUrls> {
  const optionsOf = (name: 'clickhouse' | 'postgres' | 'redis', signal: AbortSignal) => ({
    folder: join(dataDir, name),
    port: ports[name],
    password,
    signal,
  });
  const [clickhouse, postgres, redis] = await Promise.all([
    supervisor.keep({ name: 'clickhouse', start: (signal) => startClickHouse(optionsOf('clickhouse', signal)) }),
    supervisor.keep({ name: 'postgres', start: (signal) => startPostgres(optionsOf('postgres', signal)) }),
    supervisor.keep({ name: 'redis', start: (signal) => startRedis({ ...optionsOf('redis', signal), say }) }),
  ]);
  return {
    clickhouseUrl: clickhouse.url,
    clickhouseReaderUrl: clickhouse.readerUrl,
    postgresUrl: postgres.url,
    redisUrl: redis.url,
  };
}

/** Starts the worker and the gateway at once, each with an environment of its own. */
export async function keepWorkerAndGateway(
  { supervisor, dataDir, ports }: StackProcesses,
  environments: Readonly<Record<'worker' | 'gateway', Environment>>,
  host: string,
): Promise<void> {
  const logs = join(dataDir, 'logs');
  mkdirSync(logs, { recursive: true });
  const supervised = (name: 'worker' | 'gateway'): Supervised<StackProcess, Child> => ({
    name,
    needs: ['clickhouse', 'postgres', 'redis'],
    start: (signal) =>
      startNodeProcess({
        command: name,
        environment: environments[name],
        readyUrl: `http://${host}:${ports[name]}/readyz`,
        logFile: join(logs, `${name}.log`),
        signal,
      }),
  });
  await Promise.all([supervisor.keep(supervised('worker')), supervisor.keep(supervised('gateway'))]);
}
