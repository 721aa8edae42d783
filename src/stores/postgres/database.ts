import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import {
  type CopyStreamQuery,
  type CopyToStreamQuery,
  from as copyFromStdin,
  to as copyToStdout,
} from 'pg-copy-streams';
import { abandoned, codeOf, messageOf, UpstreamError } from '../../platform/errors.js';
import { queryTag } from '../../platform/tracing.js';
import { unwatched, type WatchQuery } from '../../platform/watch-query.js';

/** One named query: the name is what logs, metrics and `pg_stat_statements` know it by. */
export interface PostgresQuery {
  readonly name: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** What queries can be sent to. */
export interface PostgresQueries {
  /** Fails with {@link UpstreamError}. */
  query<Row extends pg.QueryResultRow>(query: PostgresQuery): Promise<Row[]>;
}

interface PostgresOptions {
  /** `application_name` of every connection: the process and its task. */
  readonly applicationName: string;
  /** Connections at most. Default 10. */
  readonly maxConnections?: number;
  /** A statement that runs longer is cancelled by the server, milliseconds. Default 30,000. */
  readonly statementTimeoutMs?: number;
  /** Told of every query, and of every wait for a connection as `connect`. */
  readonly watch?: WatchQuery;
}

const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 30_000;
/** A server that has said nothing for so much longer than a statement may run is not there any more, milliseconds. */
const ANSWER_GRACE_MS = 1_000;
/** SQLSTATE classes and codes that say nothing about the statement itself, so that it may be sent again. */
const UNAVAILABLE = /^(08|53|55P03|57P0|40001|40P01|58)/;
/** Codes that say a statement takes more memory, disk or stack than there is. */
const TOO_LARGE = /^(53100|53200|54)/;
const STATEMENT_CANCELLED = '57014';

/** A pool of connections to Postgres. Times are read as milliseconds since 1970, bigint as number. */
export class PostgresDatabase implements PostgresQueries {
  readonly #pool: pg.Pool;
  readonly #watch: WatchQuery;

  constructor(url: string, options: PostgresOptions) {
    this.#watch = options.watch ?? unwatched;
    const statementTimeoutMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS;
    this.#pool = new pg.Pool({
      connectionString: url,
      application_name: options.applicationName,
      max: options.maxConnections ?? 10,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: statementTimeoutMs,
      query_timeout: statementTimeoutMs + ANSWER_GRACE_MS,
      keepAlive: true,
      options: '-c TimeZone=UTC -c DateStyle=ISO',
      types: { getTypeParser },
      onConnect: noticeClosedConnections,
    });
    // An idle connection that breaks is replaced on the next use; unheard, its error would end the process.
    this.#pool.on('error', () => undefined);
  }

  /** Runs one query on any connection. Fails with {@link UpstreamError}. */
  query<Row extends pg.QueryResultRow>(query: PostgresQuery): Promise<Row[]> {
    return this.#watch('postgres', query.name, () => rowsOf<Row>(this.#pool, query));
  }

  /**
   * Queries that are given up with the signal. Their connection is closed, by which the server knows: so nothing else runs
   * on it that a cancellation might hit.
   */
  until(signal: AbortSignal | undefined): PostgresQueries {
    if (signal === undefined) return this;
    return {
      query: <Row extends pg.QueryResultRow>(query: PostgresQuery) =>
        this.withConnection(query.name, (connection) => connection.queryUntil<Row>(query, signal)),
    };
  }

  /** Lends one connection, as for a transaction or a session lock. Fails with {@link UpstreamError}. */
  async withConnection<T>(name: string, use: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    const client = await this.#watch('postgres', 'connect', () =>
      this.#pool.connect().catch((error: unknown) => {
        throw upstreamError(name, error);
      }),
    );
    let broken: Error | undefined;
    const onError = (error: Error): void => {
      broken = error;
    };
    client.on('error', onError);
    const connection = new PostgresConnection(client, this.#watch);
    try {
      return await use(connection);
    } catch (error) {
      if (error instanceof UpstreamError && error.retryable) broken = error;
      throw error;
    } finally {
      client.off('error', onError);
      client.release(broken ?? connection.unusable);
    }
  }

  /** Runs `use` on one connection inside BEGIN and COMMIT, or ROLLBACK where it throws. */
  transaction<T>(name: string, use: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    return this.withConnection(name, (connection) => connection.transaction(name, () => use(connection)));
  }

  async ping(): Promise<void> {
    await this.query({ name: 'ping', text: 'SELECT 1' });
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}

/** What the client gives a query that it limits in time: called, it ends the timer. A stream does not call it. */
interface Timed {
  readonly callback?: () => void;
}

/** One connection, for as long as it is lent. */
export class PostgresConnection {
  /** Whether something was given up half-way, so that nothing else can be asked on this connection. */
  unusable = false;

  constructor(
    private readonly client: pg.PoolClient,
    private readonly watch: WatchQuery,
  ) {}

  query<Row extends pg.QueryResultRow>(query: PostgresQuery): Promise<Row[]> {
    return this.watch('postgres', query.name, () => rowsOf<Row>(this.client, query));
  }

  /** A query that is given up with the signal: the connection is of no further use then. */
  queryUntil<Row extends pg.QueryResultRow>(query: PostgresQuery, signal: AbortSignal): Promise<Row[]> {
    return this.watch('postgres', query.name, () => this.#rowsUntil<Row>(query, signal));
  }

  async #rowsUntil<Row extends pg.QueryResultRow>(query: PostgresQuery, signal: AbortSignal): Promise<Row[]> {
    if (signal.aborted) throw abandoned('postgres', query.name, signal);
    const settled = new AbortController();
    const left = new Promise<never>((_resolve, reject) => {
      const onAbort = (): void => reject(abandoned('postgres', query.name, signal));
      signal.addEventListener('abort', onAbort, { once: true, signal: settled.signal });
    });
    try {
      return await Promise.race([rowsOf<Row>(this.client, query), left]);
    } catch (error) {
      this.unusable ||= signal.aborted;
      throw error;
    } finally {
      settled.abort();
    }
  }

  /**
   * Runs a COPY … TO STDOUT and gives its bytes to `use`. Resolves to how many rows they were and to what `use` gave.
   * Once it has failed, the connection is of no further use.
   */
  async copyTo<T>(query: PostgresQuery, use: (rows: Readable) => Promise<T>): Promise<{ rows: number; result: T }> {
    const stream: CopyToStreamQuery & Timed = this.client.query(copyToStdout(tagged(query)));
    let failure: unknown;
    stream.once('error', (error) => {
      failure = error;
    });
    try {
      const result = await use(stream);
      // The number of rows comes behind the last of them, and is here when another query is answered.
      await this.query({ name: query.name, text: 'SELECT' });
      return { rows: stream.rowCount, result };
    } catch (error) {
      this.unusable = true;
      throw failure === undefined ? error : upstreamError(query.name, failure);
    } finally {
      stream.callback?.();
    }
  }

  /** Runs a COPY … FROM STDIN over these bytes. Resolves to how many rows they were. */
  async copyFrom(query: PostgresQuery, ...source: readonly [Readable, ...Writable[]]): Promise<number> {
    const stream: CopyStreamQuery & Timed = this.client.query(copyFromStdin(tagged(query)));
    try {
      await pipeline([...source, stream]);
      return stream.rowCount;
    } catch (error) {
      this.unusable = true;
      throw upstreamError(query.name, error);
    } finally {
      stream.callback?.();
    }
  }

  /** Runs `use` inside BEGIN and COMMIT, or ROLLBACK where it throws. */
  async transaction<T>(name: string, use: () => Promise<T>): Promise<T> {
    await this.query({ name, text: 'BEGIN' });
    try {
      const result = await use();
      await this.query({ name, text: 'COMMIT' });
      return result;
    } catch (error) {
      // A connection that is given up is closed, which rolls back too; it would not answer any more.
      if (!this.unusable) await this.query({ name, text: 'ROLLBACK' }).catch(() => undefined);
      throw error;
    }
  }
}

/** Has the server give a statement up soon after its connection is gone. One that cannot goes on until the timeout. */
async function noticeClosedConnections(client: pg.ClientBase): Promise<void> {
  const text = `SELECT set_config(name, '500ms', false) FROM pg_settings WHERE name = 'client_connection_check_interval'`;
  await client.query(tagged({ name: 'notice_closed_connections', text })).catch(() => undefined);
}

async function rowsOf<Row extends pg.QueryResultRow>(
  asked: pg.Pool | pg.PoolClient,
  query: PostgresQuery,
): Promise<Row[]> {
  try {
    return (await asked.query<Row>(tagged(query), [...(query.values ?? [])])).rows;
  } catch (error) {
    throw upstreamError(query.name, error);
  }
}

const tagged = ({ name, text }: PostgresQuery): string => `/* ${queryTag(name)} */ ${text}`;

function upstreamError(name: string, error: unknown): UpstreamError {
  const code = codeOf(error);
  const fromServer = error instanceof pg.DatabaseError;
  const kind =
    code === STATEMENT_CANCELLED
      ? 'timeout'
      : fromServer && code !== undefined && !UNAVAILABLE.test(code)
        ? 'refused'
        : 'unavailable';
  return new UpstreamError('postgres', `${name}: ${messageOf(error)}`, {
    cause: error,
    kind,
    ...(code === undefined ? {} : { code, isTooLarge: fromServer && TOO_LARGE.test(code) }),
  });
}

/** `2026-01-01 00:00:00.123456+00` to milliseconds, cut off like everywhere else. */
function parseTimestamp(text: string): number {
  const seconds = text.slice(0, 19).replace(' ', 'T');
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  return Date.parse(`${seconds}Z`) + Number(fraction.slice(0, 3).padEnd(3, '0'));
}

function getTypeParser(oid: number, format?: 'text' | 'binary'): (text: string) => unknown {
  if (oid === pg.types.builtins.TIMESTAMPTZ || oid === pg.types.builtins.TIMESTAMP) return parseTimestamp;
  if (oid === pg.types.builtins.INT8 || oid === pg.types.builtins.NUMERIC) return Number;
  return format === 'binary' ? pg.types.getTypeParser(oid, 'binary') : pg.types.getTypeParser(oid, 'text');
}
