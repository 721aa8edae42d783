import { hostname, userInfo } from 'node:os';
import { readMoveConfig, runByNpm } from '../config.js';
import type { MoveServices } from '../migration/move-services.js';
import { UserError } from '../platform/errors.js';
import { Lifecycle, stopSignal } from '../platform/lifecycle.js';
import { createLogger } from '../platform/logger.js';
import { RedisNames } from '../records/names.js';
import { ClickHouseDatabase } from '../stores/clickhouse/database.js';
import { PostgresDatabase } from '../stores/postgres/database.js';
import { RedisDatabase } from '../stores/redis/database.js';
import { environmentOf } from './stack.js';

interface SessionOptions {
  /** Also the name of its connections. */
  readonly command: string;
  readonly dataDir: string;
  /** Said when the command is stopped by a signal. */
  readonly stopped: string;
}

/** A day of a large table may take its time to be read. */
const STATEMENT_TIMEOUT_MS = 3_600_000;

/** Runs a command of the move with all three stores open, until it ends or a signal stops it. */
export async function withMoveServices<T>(
  { command, dataDir, stopped }: SessionOptions,
  use: (services: MoveServices, config: ReturnType<typeof readMoveConfig>) => Promise<T>,
): Promise<T> {
  const config = readMoveConfig(environmentOf(dataDir));
  const logger = createLogger(command, config.LOG_LEVEL);
  const lifecycle = new Lifecycle((name, error) => logger.error({ error, name }, 'could not be closed'));
  const stop = new AbortController();
  stopSignal(runByNpm()).then(() => stop.abort(new UserError(stopped)));
  const applicationName = `ethhook-${command}`;
  try {
    const postgres = new PostgresDatabase(config.POSTGRES_URL, {
      applicationName,
      maxConnections: 6,
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    });
    lifecycle.push('postgres', () => postgres.close());
    const clickhouse = new ClickHouseDatabase(config.CLICKHOUSE_URL, {
      applicationName,
      timeoutMs: STATEMENT_TIMEOUT_MS,
      cluster: config.CLICKHOUSE_CLUSTER,
    });
    lifecycle.push('clickhouse', () => clickhouse.close());
    const redis = new RedisDatabase(config.REDIS_URL, { applicationName });
    lifecycle.push('redis', () => redis.close());
    const services = {
      postgres,
      clickhouse,
      redis,
      names: new RedisNames(config.STREAM_PREFIX),
      retention: { eventsDays: config.EVENTS_RETENTION_DAYS, attemptsDays: config.ATTEMPTS_RETENTION_DAYS },
      logger,
      signal: stop.signal,
    };
    return await use(services, config);
  } catch (error) {
    stop.signal.throwIfAborted();
    throw error;
  } finally {
    await lifecycle.close();
  }
}

/** Who runs this command, as the history of the move names them. */
export function whoRuns(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}@${hostname()}`;
  }
}
