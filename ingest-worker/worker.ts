import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { tracesAreOn, type WorkerConfig } from '../src/config.js';
import { phaseMetric } from '../src/migration/phase-metric.js';
import { watchPhase } from '../src/migration/phase-watch.js';
import { assertSchemaCurrent } from '../src/migration/schema-status.js';
import { Lifecycle } from '../src/platform/lifecycle.js';
import type { Logger } from '../src/platform/logger.js';
import { Metrics } from '../src/platform/metrics.js';
import { exportTraces } from '../src/platform/trace-export.js';
import { queriesInSpans } from '../src/platform/tracing.js';
import { pingMetrics, queryMetrics } from '../src/platform/upstream-metrics.js';
import type { Store } from '../src/records/migration-phase.js';
import { RedisNames } from '../src/records/names.js';
import { ClickHouseDatabase } from '../src/stores/clickhouse/database.js';
import { PostgresDatabase } from '../src/stores/postgres/database.js';
import { type PhaseRow, PhaseStore } from '../src/stores/postgres/phase-store.js';
import { endLife, showLife } from '../src/stores/redis/consumers.js';
import { RedisDatabase } from '../src/stores/redis/database.js';
import { newAuditCounters } from './counters.js';
import { closeHealth, type Health, serveHealth } from './health.js';
import { addIngestMetrics } from './metrics.js';
import { PhaseLanes } from './phase-lanes.js';
import { auditRollups } from './rollup-audit.js';
import { startStoreLanes } from './store-lanes.js';
import { untilDone } from './until-done.js';
import { keepUp, LIFE_TTL_MS } from './upkeep.js';

const APPLICATION_NAME = 'ethhook-worker';
/** An insert into a busy server may take its time; giving up early only makes it busier. */
const CLICKHOUSE_TIMEOUT_MS = 120_000;
/** What takes Postgres longer is cancelled there and written in halves. */
const POSTGRES_TIMEOUT_MS = 20_000;

/**
 * Runs the lanes of every store that the phase writes, until the signal aborts and what is in hand is committed.
 * Throws what no retry mends.
 */
export async function runWorker(config: WorkerConfig, logger: Logger, signal: AbortSignal): Promise<void> {
  const lifecycle = new Lifecycle((name, error) => logger.error({ error, name }, 'could not be closed'));
  const failure = new AbortController();
  const fail = (error: unknown): void => failure.abort(error);
  const stop = AbortSignal.any([signal, failure.signal]);
  try {
    await start({ config, logger, lifecycle, stop, fail });
    await aborted(stop);
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    await lifecycle.close();
  }
  if (failure.signal.aborted) throw failure.signal.reason;
}

interface StartOptions {
  readonly config: WorkerConfig;
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
  readonly stop: AbortSignal;
  readonly fail: (error: unknown) => void;
}

/** Waits for Redis and Postgres where they are away; the lanes wait for their stores by themselves. */
async function start({ config, logger, lifecycle, stop, fail }: StartOptions): Promise<void> {
  const names = new RedisNames(config.STREAM_PREFIX);
  const consumer = `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`;
  if (tracesAreOn(config)) lifecycle.push('traces', await exportTraces(APPLICATION_NAME, logger));
  const metrics = new Metrics();
  const watch = queriesInSpans(queryMetrics(metrics));
  const redis = new RedisDatabase(config.REDIS_URL, { applicationName: APPLICATION_NAME, watch });
  lifecycle.push('redis', () => redis.close());
  const postgres = new PostgresDatabase(config.POSTGRES_URL, {
    applicationName: APPLICATION_NAME,
    maxConnections: 4,
    statementTimeoutMs: POSTGRES_TIMEOUT_MS,
    watch,
  });
  lifecycle.push('postgres', () => postgres.close());
  const clickhouse = new ClickHouseDatabase(config.CLICKHOUSE_URL, {
    applicationName: APPLICATION_NAME,
    timeoutMs: CLICKHOUSE_TIMEOUT_MS,
    cluster: config.CLICKHOUSE_CLUSTER,
    watch,
  });
  lifecycle.push('clickhouse', () => clickhouse.close());

  const limits = {
    maxRows: config.BATCH_MAX_ROWS,
    maxBytes: config.BATCH_MAX_BYTES,
    maxAgeMs: config.BATCH_MAX_AGE_MS,
  };
  const retentionDays = { events: config.EVENTS_RETENTION_DAYS, delivery_attempts: config.ATTEMPTS_RETENTION_DAYS };
  const shared = { redisUrl: config.REDIS_URL, redis, postgres, clickhouse, names, consumer, limits, retentionDays };
  const lanes = new PhaseLanes({
    start: (store: Store) => startStoreLanes(store, { ...shared, logger: logger.child({ store }) }),
    redis,
    names,
    logger,
    signal: stop,
    onFailure: fail,
  });
  const counters = newAuditCounters();
  addIngestMetrics(metrics, { redis, names, lanes, audits: counters });
  phaseMetric(metrics, () => lanes.phase);
  pingMetrics(metrics, {
    clickhouse: () => clickhouse.ping(),
    postgres: () => postgres.ping(),
    redis: () => redis.ping(),
  });
  const health = await serveHealth({
    host: config.HOST,
    port: config.WORKER_PORT,
    health: () => healthOf(lanes),
    metrics,
  });
  lifecycle.push('health', () => closeHealth(health));

  await untilDone(() => assertSchemaCurrent({ postgres }), { task: 'check the schema', logger, signal: stop });
  await untilDone(() => showLife(redis, names, consumer, LIFE_TTL_MS), { task: 'show life', logger, signal: stop });
  lifecycle.push('sign of life', () => endLife(redis, names, consumer));
  const drained = new AbortController();
  const upkeep = keepUp({ redis, names, consumer, groups: () => lanes.stores, logger, signal: drained.signal });
  upkeep.catch(fail);
  lifecycle.push('upkeep', () => {
    drained.abort();
    return upkeep;
  });

  lifecycle.push('lanes', () => lanes.stop());
  const onChange = ({ phase }: PhaseRow): void => {
    logger.info({ phase }, 'the phase of the move has changed');
    lanes.follow(phase);
  };
  const readPhase = () => watchPhase(new PhaseStore(postgres), { signal: stop, logger, onChange });
  const phaseWatch = await untilDone(readPhase, { task: 'read the phase of the move', logger, signal: stop });
  lifecycle.push('phase', () => phaseWatch.stopped);
  lanes.follow(phaseWatch.current().phase);

  const isWritten = () => lanes.stores.includes('clickhouse');
  const audited = { clickhouse, redis, names, logger, signal: stop };
  const audit = auditRollups({ ...audited, isWritten, retentionDays: config.ATTEMPTS_RETENTION_DAYS, counters });
  audit.catch(fail);
  lifecycle.push('audit', () => audit);
  logger.info({ consumer, phase: phaseWatch.current().phase }, 'working');
}

function healthOf(lanes: PhaseLanes): Health {
  const named = lanes.states().map((state) => ({ ...state, name: `${state.stream}/${state.group}` }));
  return {
    ready: lanes.phase !== null && named.every(({ ready }) => ready),
    phase: lanes.phase,
    lanes: Object.fromEntries(named.map(({ name, ready }) => [name, ready])),
    held: Object.fromEntries(named.flatMap(({ name, held }) => (held === null ? [] : [[name, held]]))),
  };
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
