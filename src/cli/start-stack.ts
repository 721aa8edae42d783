import type { Environment, UpConfig } from '../config.js';
import type { Supervisor } from '../embedded/supervisor.js';
import { migrateUp } from '../migration/schema-runner.js';
import type { Lifecycle } from '../platform/lifecycle.js';
import type { Logger } from '../platform/logger.js';
import { DEMO_USER } from '../simulation/tenant.js';
import { startDemo } from './demo.js';
import { parseDuration } from './duration.js';
import { signToken } from './sign-token.js';
import type { Stack, StackProcess } from './stack.js';
import type { StackPorts } from './stack-ports.js';
import { keepServers, keepWorkerAndGateway, type StoreUrls } from './stack-processes.js';
import { stackSecrets } from './stack-secrets.js';

interface StackOptions {
  readonly dataDir: string;
  readonly environment: Environment;
  readonly config: UpConfig;
  readonly ports: StackPorts;
  readonly supervisor: Supervisor<StackProcess>;
  readonly demo: boolean;
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
  readonly say: (message: string) => void;
  readonly signal: AbortSignal;
}

export interface StartedStack {
  /** As of now: process ids change. */
  readonly describe: () => Stack;
  /** Of the demo's user; without a demo there is none. */
  readonly demoToken: string | undefined;
}

const DEMO_TOKEN_TTL = '30d';

/** Starts everything, one after what it needs. Resolves when all of it answers and the demo's history is in. */
export async function startStack(options: StackOptions): Promise<StartedStack> {
  const { config, demo, logger, ports, say, signal, supervisor } = options;
  const secrets = stackSecrets(options.dataDir);
  const [jwtSecret = secrets.jwtSecret] = config.JWT_SECRET ?? [];

  say('Starting ClickHouse, Postgres and Redis …');
  const urls = await keepServers(options, secrets.password);
  const retention = { eventsDays: config.EVENTS_RETENTION_DAYS, attemptsDays: config.ATTEMPTS_RETENTION_DAYS };
  await migrateUp({ ...urls, retention, logger, signal });

  say('Starting the worker and the gateway …');
  const demoToken = demo ? await tokenOfDemo(config, jwtSecret) : undefined;
  const environments = environmentsOf(options, urls, { jwtSecret, demoToken });
  await keepWorkerAndGateway(options, environments, reachableHost(config.HOST));

  if (demo) {
    say('Bringing the demo and its history up …');
    const isIn = await startDemo({ ...urls, config, logger, lifecycle: options.lifecycle, signal });
    if (!isIn) say('Its history takes longer than usual here: the rest of it comes in while you look.');
  }
  const gateway = `${reachableHost(config.HOST)}:${ports.gateway}`;
  const describe = (): Stack => ({
    gatewayUrl: `http://${gateway}`,
    graphqlUrl: `http://${gateway}/graphql`,
    subscriptionsUrl: `ws://${gateway}/graphql`,
    postgresUrl: urls.postgresUrl,
    clickhouseUrl: urls.clickhouseUrl,
    redisUrl: urls.redisUrl,
    jwtSecret,
    pids: pidsOf(supervisor),
  });
  return { describe, demoToken };
}

const tokenOfDemo = (config: UpConfig, secret: string): Promise<string> =>
  signToken({
    secret,
    userId: DEMO_USER.id,
    now: Date.now(),
    ttlMs: parseDuration(DEMO_TOKEN_TTL),
    issuer: config.JWT_ISSUER,
    audience: config.JWT_AUDIENCE,
  });

function environmentsOf(
  { environment, config, ports }: StackOptions,
  urls: StoreUrls,
  tokens: { readonly jwtSecret: string; readonly demoToken: string | undefined },
): Record<'worker' | 'gateway', Environment> {
  const both = {
    ...environment,
    HOST: config.HOST,
    POSTGRES_URL: urls.postgresUrl,
    CLICKHOUSE_URL: urls.clickhouseUrl,
    REDIS_URL: urls.redisUrl,
  };
  return {
    worker: { ...both, WORKER_PORT: String(ports.worker) },
    gateway: {
      ...both,
      CLICKHOUSE_URL: urls.clickhouseReaderUrl,
      PORT: String(ports.gateway),
      JWT_SECRET: config.JWT_SECRET?.join(',') ?? tokens.jwtSecret,
      DEMO_TOKEN: tokens.demoToken ?? '',
    },
  };
}

function pidsOf(supervisor: Supervisor<StackProcess>): Stack['pids'] {
  return {
    gateway: supervisor.pidOf('gateway'),
    worker: supervisor.pidOf('worker'),
    clickhouse: supervisor.pidOf('clickhouse'),
    postgres: supervisor.pidOf('postgres'),
    redis: supervisor.pidOf('redis'),
  };
}

/** Where a process that listens on this address is found from the same machine. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
