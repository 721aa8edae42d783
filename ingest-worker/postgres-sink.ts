import { UpstreamError } from '../src/platform/errors.js';
import type { Logger } from '../src/platform/logger.js';
import type { AttemptRecord } from '../src/records/attempt.js';
import type { EventRecord } from '../src/records/event.js';
import type { PostgresDatabase } from '../src/stores/postgres/database.js';
import { narrowColumns } from '../src/stores/postgres/narrow-columns.js';
import { dataRefusal } from '../src/stores/postgres/refusal.js';
import { upsertAttempts } from '../src/stores/postgres/upsert-attempts.js';
import { upsertEvents } from '../src/stores/postgres/upsert-events.js';
import type { DeadLetter } from '../src/stores/redis/dead-letters.js';
import type { Batch } from './batch.js';
import { recordPayload } from './entry.js';
import type { Hold } from './hold.js';
import type { Sink } from './sink.js';
import { attemptKind, eventKind, type StreamKind } from './stream-kind.js';
import { untilDone } from './until-done.js';

interface PostgresSinkOptions {
  readonly database: PostgresDatabase;
  readonly logger: Logger;
  /** Raised while what is to be written is refused. */
  readonly hold?: Hold;
}

/** Why each record that Postgres does not take is refused. */
type Refusals<R> = ReadonlyMap<R, string>;

const USED_BY_ANOTHER = 'id: is already used by an attempt with another user_id or created_at';
const TOO_LARGE = "is refused by Postgres (22003 numeric_value_out_of_range): larger than the table's column can hold";

export const postgresEventSink = (options: PostgresSinkOptions): Sink<EventRecord> =>
  postgresSink(eventKind, options, async (events) => {
    await upsertEvents(options.database, events);
    return new Map();
  });

export const postgresAttemptSink = (options: PostgresSinkOptions): Sink<AttemptRecord> =>
  postgresSink(attemptKind, options, async (attempts) => {
    const ofAnother = await upsertAttempts(options.database, attempts);
    return new Map(ofAnother.map((attempt) => [attempt, USED_BY_ANOTHER]));
  });

/** `upsert` takes one record a key, and changes nothing where it fails or is repeated. */
function postgresSink<R>(
  kind: StreamKind<R>,
  { database, logger, hold }: PostgresSinkOptions,
  upsert: (records: readonly R[]) => Promise<Refusals<R>>,
): Sink<R> {
  return {
    store: 'postgres',
    async write(batch, signal) {
      if (batch.records.length === 0) return [];
      const refusals = new Map(await writeInParts(batch.records, signal));
      const standing = new Map([...refusals].map(([record, reason]) => [kind.key(record), reason]));
      for (const { record } of standing.size === 0 ? [] : batch.rows) {
        const reason = standing.get(kind.key(record));
        if (reason === undefined || refusals.has(record)) continue;
        // What a refused record would have replaced may be good.
        const its = reason === USED_BY_ANOTHER ? [[record, reason] as const] : await writeInParts([record], signal);
        for (const [refused, why] of its) refusals.set(refused, why);
      }
      return lettersOf(kind, batch, refusals);
    },
  };

  /**
   * Sets apart what no column can hold, then halves until a bad record stands alone. Halves too what Postgres cannot do
   * in the time it has.
   */
  async function writeInParts(records: readonly R[], signal: AbortSignal): Promise<Refusals<R>> {
    const attempt = () =>
      upsert(records).catch((error: unknown) => {
        const timedOut = error instanceof UpstreamError && error.options.kind === 'timeout';
        const reason = timedOut && records.length > 1 ? 'timeout' : dataRefusal(error);
        if (reason === undefined) throw error;
        return reason;
      });
    const outcome = await untilDone(attempt, { task: `upsert ${kind.stream}`, logger, signal, hold });
    if (typeof outcome !== 'string') return outcome;
    const tooLarge = await tooLargeAmong(records, signal);
    if (tooLarge.size > 0) {
      const rest = records.filter((record) => !tooLarge.has(record));
      return new Map([...tooLarge, ...(rest.length === 0 ? [] : await writeInParts(rest, signal))]);
    }
    if (records.length === 1) return new Map(records.map((record) => [record, outcome]));
    const middle = Math.ceil(records.length / 2);
    const first = await writeInParts(records.slice(0, middle), signal);
    return new Map([...first, ...(await writeInParts(records.slice(middle), signal))]);
  }

  /** Found at once, since a database with narrower columns may refuse many. */
  async function tooLargeAmong(records: readonly R[], signal: AbortSignal): Promise<Refusals<R>> {
    const task = { task: 'read the column types', logger, signal };
    const columnOf = await untilDone(() => narrowColumns(database, kind.type), task);
    return new Map(
      records.flatMap((record) => {
        const column = columnOf(record);
        return column === undefined ? [] : [[record, `${column}: ${TOO_LARGE}`] as const];
      }),
    );
  }
}

function lettersOf<R>({ type }: StreamKind<R>, { rows, entries }: Batch<R>, refusals: Refusals<R>): DeadLetter[] {
  if (refusals.size === 0) return [];
  return rows.flatMap(({ entry: place, index, record }) => {
    const reason = refusals.get(record);
    const entry = entries[place];
    if (reason === undefined || entry === undefined) return [];
    return [{ entryId: entry.id, recordIndex: index, reason, payload: recordPayload(type, entry, index) }];
  });
}
