// Asked for by type-graphql before the first decorator runs.
import 'reflect-metadata';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type GatewayConfig, tracesAreOn } from './config.js';
import { Admission } from './graphql/admission/admission.js';
import { allowedDocuments } from './graphql/admission/allow-list.js';
import { createAuthenticator, createTokenVerifier } from './graphql/authentication.js';
import type { Services } from './graphql/context.js';
import { EventStreams } from './graphql/event-streams.js';
import { createHttpApp } from './graphql/http.js';
import type { Limits } from './graphql/limits.js';
import { HourlyStatsFeed } from './graphql/live/hourly-stats-feed.js';
import { Sessions } from './graphql/live/sessions.js';
import { OperationMetrics } from './graphql/operation-metrics.js';
import { type Readiness, servePages } from './graphql/pages.js';
import { RateLimit } from './graphql/rate-limit.js';
import { createUserLookup, verifyOnceAMinute } from './graphql/recent-identities.js';
import { createSchema } from './graphql/schema.js';
import { serveSockets } from './graphql/sockets.js';
import { SubscriptionLimits } from './graphql/subscription-limits.js';
import { waveMetrics } from './graphql/waves/wave-metrics.js';
import { WavedAnalyticsStore } from './graphql/waves/waved-analytics-store.js';
import { phaseMetric } from './migration/phase-metric.js';
import { watchPhase } from './migration/phase-watch.js';
import { assertSchemaCurrent } from './migration/schema-status.js';
import { shadowMetric } from './migration/shadow/shadow-metric.js';
import { ShadowReads } from './migration/shadow/shadow-reads.js';
import { readMigrationStatus } from './migration/status.js';
import { answers } from './platform/answers.js';
import { type Upstream, UpstreamError, UserError } from './platform/errors.js';
import { closeServer, listen } from './platform/http-server.js';
import type { Lifecycle } from './platform/lifecycle.js';
import type { Logger } from './platform/logger.js';
import { Metrics } from './platform/metrics.js';
import { retry } from './platform/retry.js';
import { exportTraces } from './platform/trace-export.js';
import { queriesInSpans } from './platform/tracing.js';
import { pingMetrics, queryMetrics } from './platform/upstream-metrics.js';
import { PHASE_MEANING, type Store } from './records/migration-phase.js';
import { RedisNames } from './records/names.js';
import type { AnalyticsStore } from './stores/analytics-store.js';
import { ClickHouseAnalyticsStore } from './stores/clickhouse/clickhouse-analytics-store.js';
import { ClickHouseDatabase } from './stores/clickhouse/database.js';
import { ConfigurationStore } from './stores/postgres/configuration-store.js';
import { PostgresDatabase } from './stores/postgres/database.js';
import { PhaseStore } from './stores/postgres/phase-store.js';
import { PostgresAnalyticsStore } from './stores/postgres/postgres-analytics-store.js';
import { listenForCommitted } from './stores/redis/committed.js';
import { RedisDatabase } from './stores/redis/database.js';
import { takeRequests } from './stores/redis/request-quota.js';

const PAGES_FOLDER = fileURLToPath(new URL('../dashboard', import.meta.url));
/** Written by the dashboard's build. */
const DASHBOARDS_DOCUMENTS = join(PAGES_FOLDER, 'app', 'documents.json');
/** An upstream that has not answered by then counts as away, milliseconds. */
const READY_WITHIN_MS = 2_000;
/** A question that is asked in the background is given up sooner than a client's, milliseconds. */
const SHADOW_TIMEOUT_MS = 5_000;
/** How long the start waits for a Postgres that is away, milliseconds. */
const POSTGRES_WITHIN_MS = 30_000;

/** Starts the gateway, and pushes what stops it. Resolves with the port it listens on; the signal gives the start up. */
export async function startGateway(
  config: GatewayConfig,
  logger: Logger,
  lifecycle: Lifecycle,
  signal: AbortSignal,
): Promise<number> {
  const applicationName = 'ethhook-gateway';
  const timeoutMs = config.OPERATION_TIMEOUT_MS;
  if (tracesAreOn(config)) lifecycle.push('traces', await exportTraces(applicationName, logger));
  const metrics = new Metrics();
  const watch = queriesInSpans(queryMetrics(metrics));
  const postgres = new PostgresDatabase(config.POSTGRES_URL, { applicationName, statementTimeoutMs: timeoutMs, watch });
  lifecycle.push('postgres', () => postgres.close());
  const clickhouse = new ClickHouseDatabase(config.CLICKHOUSE_URL, {
    applicationName,
    timeoutMs,
    cluster: config.CLICKHOUSE_CLUSTER,
    watch,
  });
  lifecycle.push('clickhouse', () => clickhouse.close());
  const redis = new RedisDatabase(config.REDIS_URL, { applicationName, watch });
  lifecycle.push('redis', () => redis.close());
  await checkSchemas(postgres, clickhouse, logger, signal);

  const watching = new AbortController();
  const phase = await watchPhase(new PhaseStore(postgres), { signal: watching.signal, logger });
  lifecycle.push('phase', () => {
    watching.abort();
    return phase.stopped;
  });

  phaseMetric(metrics, () => phase.current().phase);
  const upstreams: Readonly<Record<Upstream, () => Promise<unknown>>> = {
    clickhouse: () => clickhouse.ping(),
    postgres: () => postgres.ping(),
    redis: () => redis.ping(),
  };
  pingMetrics(metrics, upstreams);

  const names = new RedisNames(config.STREAM_PREFIX);
  const configuration = new ConfigurationStore(postgres);
  const onWave = waveMetrics(metrics);
  const countOldTableRead = metrics.tally({
    name: 'ethhook_old_table_reads_total',
    help: 'Questions asked of the tables in Postgres that are being left: attempts and events.',
    labels: [],
  });
  const stores: Record<Store, AnalyticsStore> = {
    clickhouse: new WavedAnalyticsStore(new ClickHouseAnalyticsStore(clickhouse), onWave),
    postgres: new WavedAnalyticsStore(
      new PostgresAnalyticsStore(postgres, { onRead: () => countOldTableRead({}) }),
      onWave,
    ),
  };
  const readsFrom = (): Store => PHASE_MEANING[phase.current().phase].readsFrom;
  const shadowPostgres = new PostgresDatabase(config.POSTGRES_URL, {
    applicationName: `${applicationName}-shadow`,
    maxConnections: 1,
    statementTimeoutMs: SHADOW_TIMEOUT_MS,
    watch,
  });
  lifecycle.push('shadow postgres', () => shadowPostgres.close());
  const shadowReads = new ShadowReads({
    store: stores.postgres,
    stores: { clickhouse: stores.clickhouse, postgres: new PostgresAnalyticsStore(shadowPostgres) },
    share: config.SHADOW_READS,
    postgres: shadowPostgres,
    redis,
    names,
    logger,
    onOutcome: shadowMetric(metrics),
  });
  lifecycle.push('shadow reads', () => shadowReads.close());
  const analytics = (): AnalyticsStore =>
    phase.current().phase === 'dual_write' ? shadowReads.store : stores[readsFrom()];
  const attemptsRetentionDays = config.ATTEMPTS_RETENTION_DAYS;
  const now = (): number => Date.now();
  const hourlyStatsFeed = new HourlyStatsFeed({ configuration, analytics, attemptsRetentionDays, logger, now });
  lifecycle.push('live numbers', () => hourlyStatsFeed.close());
  const stopListening = listenForCommitted(config.REDIS_URL, {
    names,
    applicationName: `${applicationName}-live`,
    onNotice: (store, { users }) => store === readsFrom() && hourlyStatsFeed.notice(users),
    onGap: () => hourlyStatsFeed.lookAgain(),
  });
  lifecycle.push('commit notices', stopListening);

  const limits = limitsOf(config);
  const schema = createSchema();
  const admission = new Admission(
    schema,
    limits,
    config.ALLOWED_DOCUMENTS_FILE === undefined
      ? undefined
      : allowedDocuments(config.ALLOWED_DOCUMENTS_FILE, DASHBOARDS_DOCUMENTS),
  );
  const operationMetrics = new OperationMetrics(metrics, admission.allowedOperations);
  operationMetrics.watchFields(schema);
  const subscriptionLimits = new SubscriptionLimits({
    maxPerUser: config.MAX_SUBSCRIPTIONS_PER_USER,
    maxPerSocket: config.MAX_SUBSCRIPTIONS_PER_SOCKET,
  });
  metrics.gauge({
    name: 'ethhook_subscribers',
    help: 'Subscriptions that this process serves, over sockets and streams of events.',
    samples: () => [{ value: subscriptionLimits.count }],
  });
  const rateLimitOf = (perMinute: number): RateLimit =>
    new RateLimit({
      perMinute,
      take: (asker, amount, windowMs) => takeRequests(redis, names, { asker, amount, limit: perMinute, windowMs }),
      patienceMs: config.RATE_LIMIT_TIMEOUT_MS,
      logger,
    });
  const services: Services = {
    configuration,
    analytics,
    hourlyStatsFeed,
    limits,
    admission,
    rateLimit: rateLimitOf(config.RATE_LIMIT_PER_MINUTE),
    anonymousRateLimit: rateLimitOf(config.ANONYMOUS_RATE_LIMIT_PER_MINUTE),
    subscriptionLimits,
    operationMetrics,
    migrationStatus: () => readMigrationStatus({ postgres, redis, names }),
    attemptsRetentionDays,
    eventsRetentionDays: config.EVENTS_RETENTION_DAYS,
  };
  const verify = createTokenVerifier({
    secrets: config.JWT_SECRET ?? [],
    jwksUrl: config.JWKS_URL,
    issuer: config.JWT_ISSUER,
    audience: config.JWT_AUDIENCE,
  });
  const authenticate = createAuthenticator(verifyOnceAMinute(verify), createUserLookup(configuration), logger);
  const readiness = async (): Promise<Readiness> => {
    const [isPostgres, isClickHouse, isRedis] = await Promise.all([
      answers(upstreams.postgres(), READY_WITHIN_MS),
      answers(upstreams.clickhouse(), READY_WITHIN_MS),
      answers(upstreams.redis(), READY_WITHIN_MS),
    ]);
    return { postgres: isPostgres, clickhouse: isClickHouse, redis: isRedis };
  };
  const sessions = new Sessions({ configuration, logger, now });
  lifecycle.push('sessions', () => sessions.close());
  const live = { schema, services, sessions, keepaliveMs: config.KEEPALIVE_MS, logger };
  const eventStreams = new EventStreams(live);
  const { app, apollo } = await createHttpApp({
    schema,
    services,
    authenticate,
    logger,
    corsOrigins: config.CORS_ORIGINS,
    trustedProxies: config.TRUSTED_PROXIES,
    eventStreams,
    pages: (app) =>
      servePages(app, {
        folder: PAGES_FOLDER,
        demoToken: config.DEMO_TOKEN,
        attemptsRetentionDays,
        playground: config.PLAYGROUND,
        readiness,
        metrics,
      }),
  });
  lifecycle.push('apollo', () => apollo.stop());

  const server = createServer(app);
  const port = await listen(server, { host: config.HOST, port: config.PORT, setting: 'PORT' });
  lifecycle.push('http', () => closeServer(server));
  lifecycle.push('event streams', () => eventStreams.close());
  lifecycle.push('sockets', serveSockets(server, { ...live, authenticate }));
  logger.info({ port, phase: phase.current().phase }, 'the gateway is ready');
  return port;
}

const limitsOf = (config: GatewayConfig): Limits => ({
  maxPageSize: config.MAX_PAGE_SIZE,
  maxHourlyRangeHours: config.MAX_HOURLY_RANGE_HOURS,
  maxDailyRangeDays: config.MAX_DAILY_RANGE_DAYS,
  maxListItems: config.MAX_LIST_ITEMS,
  maxCost: config.MAX_COST,
  maxBodyBytes: config.MAX_BODY_BYTES,
  maxDocumentBytes: config.MAX_DOCUMENT_BYTES,
  maxDocumentTokens: config.MAX_DOCUMENT_TOKENS,
  maxDocumentDepth: config.MAX_DOCUMENT_DEPTH,
  maxDocumentFields: config.MAX_DOCUMENT_FIELDS,
  maxRootFields: config.MAX_ROOT_FIELDS,
  maxAliases: config.MAX_ALIASES,
  maxAliasesPerField: config.MAX_ALIASES_PER_FIELD,
  maxDirectives: config.MAX_DIRECTIVES,
  introspection: config.INTROSPECTION,
  operationTimeoutMs: config.OPERATION_TIMEOUT_MS,
});

/** Waits for Postgres; a ClickHouse that is away is no reason not to answer configuration. */
async function checkSchemas(
  postgres: PostgresDatabase,
  clickhouse: ClickHouseDatabase,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const isAway = (error: unknown): boolean => error instanceof UpstreamError && error.retryable;
  const patience = AbortSignal.timeout(POSTGRES_WITHIN_MS);
  await retry(() => assertSchemaCurrent({ postgres }), {
    isRetryable: isAway,
    onRetry: (error, attempt) => attempt === 1 && logger.warn({ error }, 'postgres is away, waiting for it'),
    signal: AbortSignal.any([signal, patience]),
  }).catch((error: unknown) => {
    if (!patience.aborted) throw error;
    throw new UserError(
      `Postgres did not answer for ${POSTGRES_WITHIN_MS / 1000} s. Check POSTGRES_URL and that the server runs.`,
    );
  });
  await assertSchemaCurrent({ clickhouse }).catch((error: unknown) => {
    if (!isAway(error)) throw error;
    logger.warn({ error }, 'clickhouse is away: only configuration can be answered until it is back');
  });
  signal.throwIfAborted();
}
