import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type ClickHouseClient, ClickHouseError, type ClickHouseSettings, createClient } from '@clickhouse/client';
import { abandoned, codeOf, messageOf, UpstreamError } from '../../platform/errors.js';
import { queryTag } from '../../platform/tracing.js';
import { unwatched, type WatchQuery } from '../../platform/watch-query.js';
import { CLUSTER_SETTINGS } from './cluster.js';
import { withLongLists } from './long-lists.js';

/** One named query: `log_comment` begins with the name, so that `system.query_log` tells who asked. */
export interface ClickHouseQuery {
  readonly name: string;
  readonly query: string;
  /** Bound as `{name: Type}`; times go in as milliseconds. */
  readonly params?: Readonly<Record<string, unknown>>;
  readonly settings?: ClickHouseSettings;
  readonly signal?: AbortSignal;
}

/** An INSERT whose query ends with FORMAT; the rows are the body. */
interface ClickHouseInsert extends ClickHouseQuery {
  readonly body: Buffer;
  /** Given up here after so long, while the server may go on. Default: the server's own limit. */
  readonly timeoutMs?: number;
}

/** The same with rows that are still on their way. */
interface ClickHouseStreamInsert extends ClickHouseQuery {
  readonly body: Readable;
}

interface ClickHouseOptions {
  /** The process and its task, shown as the user agent. */
  readonly applicationName: string;
  /** Connections at most. Default 10. */
  readonly maxConnections?: number;
  /** A query that runs longer is given up here and at the server, milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** The cluster whose shards hold the tables, as its servers' configuration calls it. Default, and empty: a single node. */
  readonly cluster?: string;
  /** Told of every query. */
  readonly watch?: WatchQuery;
}

/** Error codes that say the server is short of something or stopping, so that the same query may be sent again. */
const UNAVAILABLE = new Set([
  '32', // ATTEMPT_TO_READ_AFTER_EOF: a shard has gone
  '202', // TOO_MANY_SIMULTANEOUS_QUERIES
  '203', // NO_FREE_CONNECTION
  '209', // SOCKET_TIMEOUT
  '210', // NETWORK_ERROR
  '225', // NO_ZOOKEEPER
  '236', // ABORTED
  '241', // MEMORY_LIMIT_EXCEEDED
  '242', // TABLE_IS_READ_ONLY
  '243', // NOT_ENOUGH_SPACE
  '252', // TOO_MANY_PARTS
  '279', // ALL_CONNECTION_TRIES_FAILED: no replica of a shard answers
  '285', // TOO_FEW_LIVE_REPLICAS
  '319', // UNKNOWN_STATUS_OF_INSERT
  '369', // ALL_REPLICAS_ARE_STALE
  '394', // QUERY_WAS_CANCELLED
  '999', // KEEPER_EXCEPTION
]);
/** Error codes that say a query goes through more than it may, or than there is memory or time for. */
const TOO_LARGE = new Set([
  '158', // TOO_MANY_ROWS
  '160', // TOO_SLOW
  '173', // CANNOT_ALLOCATE_MEMORY
  '191', // SET_SIZE_LIMIT_EXCEEDED
  '241', // MEMORY_LIMIT_EXCEEDED
  '307', // TOO_MANY_BYTES
  '396', // TOO_MANY_ROWS_OR_BYTES
]);
const TIMED_OUT = new Set([
  '159', // TIMEOUT_EXCEEDED
  '160', // TOO_SLOW: it would have been
]);
const PING_TIMEOUT_MS = 5_000;

/** A pool of connections to ClickHouse over HTTP. */
export class ClickHouseDatabase {
  readonly #client: ClickHouseClient;
  readonly #timeoutMs: number;
  readonly #watch: WatchQuery;
  /** The database's name, from the URL's path. */
  readonly database: string;
  /** Null on a single node. */
  readonly cluster: string | null;

  constructor(url: string, options: ClickHouseOptions) {
    const timeoutMs = options.timeoutMs ?? 30_000;
    this.#timeoutMs = timeoutMs + 1_000;
    this.cluster = options.cluster === undefined || options.cluster === '' ? null : options.cluster;
    this.#watch = options.watch ?? unwatched;
    const { pathname } = new URL(url);
    this.database = pathname === '/' || pathname === '' ? 'default' : decodeURIComponent(pathname.slice(1));
    this.#client = createClient({
      url,
      application: options.applicationName,
      max_open_connections: options.maxConnections ?? 10,
      request_timeout: this.#timeoutMs,
      // Parameters beyond 4 KiB go into the body: ClickHouse takes 1 MiB of a URL, and proxies less.
      use_multipart_params_auto: true,
      clickhouse_settings: {
        max_execution_time: timeoutMs / 1000,
        cancel_http_readonly_queries_on_client_close: 1,
        output_format_json_quote_64bit_integers: 0,
        ...(this.cluster === null ? {} : CLUSTER_SETTINGS),
      },
      log: { level: 127 },
    });
  }

  /** All rows of a SELECT. A failure after the first bytes were sent is found too. Fails with {@link UpstreamError}. */
  async query<Row>(question: ClickHouseQuery): Promise<Row[]> {
    const { name, query, params, signal } = question;
    // The client looks at the signal only once the request is under way.
    if (signal?.aborted === true) throw abandoned('clickhouse', name, signal);
    return this.#ask(question, async () => {
      const bound = withLongLists({ query, params: params ?? {} });
      const result = await this.#client.query({
        ...parametersOf({ ...question, params: bound.params }),
        query: bound.query,
        format: 'JSONEachRow',
      });
      return await result.json<Row>();
    });
  }

  /** A statement without a result, such as DDL. Resolves to how many rows it wrote. Fails with {@link UpstreamError}. */
  command(statement: ClickHouseQuery): Promise<number> {
    return this.#ask(statement, async () => {
      const { summary } = await this.#client.command({ ...parametersOf(statement), query: statement.query });
      return Number(summary?.written_rows ?? 0);
    });
  }

  /** Sends rows in the format that the query names. Fails with {@link UpstreamError}, the rows being in or not. */
  insert(insert: ClickHouseInsert): Promise<void> {
    const { query, body, timeoutMs, signal } = insert;
    const late = AbortSignal.timeout(timeoutMs ?? this.#timeoutMs);
    const run = async (): Promise<void> => {
      const { stream } = await this.#client.exec({
        ...parametersOf(insert),
        query,
        values: Readable.from([body], { objectMode: false }),
        abort_signal: signal === undefined ? late : AbortSignal.any([signal, late]),
      });
      await buffer(stream);
    };
    return this.#ask(insert, run, late);
  }

  /** Sends rows as they come. Resolves to how many were written. Fails with {@link UpstreamError}, some being in or not. */
  insertStream(insert: ClickHouseStreamInsert): Promise<number> {
    const { query, body } = insert;
    return this.#ask(insert, async () => {
      const { stream, summary } = await this.#client.exec({ ...parametersOf(insert), query, values: body });
      await buffer(stream);
      return Number(summary?.written_rows ?? 0);
    });
  }

  async ping(): Promise<void> {
    await this.#ask({ name: 'ping' }, async () => {
      const result = await this.#client.ping({ select: false, abort_signal: AbortSignal.timeout(PING_TIMEOUT_MS) });
      if (!result.success) throw result.error;
    });
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #ask<T>(
    { name, signal }: Pick<ClickHouseQuery, 'name' | 'signal'>,
    run: () => Promise<T>,
    late?: AbortSignal,
  ): Promise<T> {
    return this.#watch('clickhouse', name, async () => {
      try {
        return await run();
      } catch (error) {
        throw upstreamError(name, error, signal, late?.aborted);
      }
    });
  }
}

/** What every request of the client is given. */
const parametersOf = ({ name, params, settings, signal }: ClickHouseQuery) => ({
  query_params: { ...params },
  clickhouse_settings: { ...settings, log_comment: queryTag(name) },
  ...(signal === undefined ? {} : { abort_signal: signal }),
});

function upstreamError(name: string, error: unknown, signal?: AbortSignal, late = false): UpstreamError {
  if (signal?.aborted === true) return abandoned('clickhouse', name, signal);
  const code = codeOf(error);
  const fromServer = error instanceof ClickHouseError;
  const kind =
    late || (code !== undefined && TIMED_OUT.has(code))
      ? 'timeout'
      : fromServer && code !== undefined && !UNAVAILABLE.has(code)
        ? 'refused'
        : 'unavailable';
  return new UpstreamError('clickhouse', `${name}: ${messageOf(error)}`, {
    cause: error,
    kind,
    ...(code === undefined ? {} : { code, isTooLarge: fromServer && TOO_LARGE.has(code) }),
  });
}
