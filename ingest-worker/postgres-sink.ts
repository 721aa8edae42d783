import { UpstreamError } from '../src/platform/errors.js';
import type { Logger } from '../src/platform/logger.js';
import type { AttemptRecord } from '../src/records/attempt.js';
import type { EventRecord } from '../src/records/event.js';
import { groupEqual } from '../src/records/row-groups.js';
import type { Rows } from '../src/records/rows.js';
import type { PostgresDatabase } from '../src/stores/postgres/database.js';
import { narrowColumns } from '../src/stores/postgres/narrow-columns.js';
import { dataRefusal } from '../src/stores/postgres/refusal.js';
import { upsertAttempts } from '../src/stores/postgres/upsert-attempts.js';
import { upsertEvents } from '../src/stores/postgres/upsert-events.js';
import type { RedisDatabase } from '../src/stores/redis/database.js';
import type { DeadLetter } from '../src/stores/redis/dead-letters.js';
import { type GroupMember, readEntries } from '../src/stores/redis/entry-group.js';
import type { Batch } from './batch.js';
import { payloadsOf } from './entry.js';
import type { Hold } from './hold.js';
import type { Sink } from './sink.js';
import { attemptKind, eventKind, type StreamKind } from './stream-kind.js';
import { untilDone } from './until-done.js';

interface PostgresSinkOptions {
  readonly database: PostgresDatabase;
  readonly redis: RedisDatabase;
  readonly member: GroupMember;
  readonly logger: Logger;
  /** Raised while what is to be written is refused. */
  readonly hold?: Hold;
}

/** Why each row that Postgres does not take is refused. */
type Refusals = ReadonlyMap<number, string>;

const USED_BY_ANOTHER = 'id: is already used by an attempt with another user_id or created_at';
const TOO_LARGE = "is refused by Postgres (22003 numeric_value_out_of_range): larger than the table's column can hold";

export const postgresEventSink = (options: PostgresSinkOptions): Sink<EventRecord> =>
  postgresSink(eventKind, options, async (events, which) => {
    await upsertEvents(options.database, events, which);
    return new Map();
  });

export const postgresAttemptSink = (options: PostgresSinkOptions): Sink<AttemptRecord> =>
  postgresSink(attemptKind, options, async (attempts, which) => {
    const ofAnother = await upsertAttempts(options.database, attempts, which);
    return new Map(ofAnother.map((row) => [row, USED_BY_ANOTHER]));
  });

/** `upsert` takes one row a key, and changes nothing where it fails or is repeated. */
function postgresSink<R>(
  kind: StreamKind<R>,
  { database, redis, member, logger, hold }: PostgresSinkOptions,
  upsert: (rows: Rows<R>, which: Int32Array) => Promise<Refusals>,
): Sink<R> {
  return {
    store: 'postgres',
    async write(batch, signal) {
      const { rows, standing } = batch;
      if (standing.length === 0) return [];
      const refusals = new Map(await writeInParts(rows, standing, signal));
      for (const [row, its] of standing.length === rows.count ? [] : replacedBy(batch, refusals)) {
        const reason = refusals.get(its);
        if (reason === undefined) continue;
        // What a refused record would have replaced may be good.
        const outcome =
          reason === USED_BY_ANOTHER ? [[row, reason] as const] : await writeInParts(rows, Int32Array.of(row), signal);
        for (const [refused, why] of outcome) refusals.set(refused, why);
      }
      return lettersOf(batch, refusals, signal);
    },
  };

  /** Each row that is not to be written, in order, with the refused one of the same key that was. */
  function replacedBy({ rows }: Batch<R>, refusals: Refusals): [number, number][] {
    if (refusals.size === 0) return [];
    const { groupOf } = groupEqual(
      rows.count,
      (row) => kind.keyHash(rows, row),
      (one, other) => kind.hasSameKey(rows, one, other),
    );
    const refusedOf = new Map([...refusals.keys()].map((row) => [groupOf[row], row]));
    return Array.from(groupOf, (group, row) => [row, refusedOf.get(group) ?? row] as [number, number]).filter(
      ([row, refused]) => row !== refused,
    );
  }

  /**
   * Sets apart what no column can hold, then halves until a bad record stands alone. Halves too what Postgres cannot do
   * in the time it has.
   */
  async function writeInParts(rows: Rows<R>, which: Int32Array, signal: AbortSignal): Promise<Refusals> {
    const attempt = () =>
      upsert(rows, which).catch((error: unknown) => {
        const timedOut = error instanceof UpstreamError && error.options.kind === 'timeout';
        const reason = timedOut && which.length > 1 ? 'timeout' : dataRefusal(error);
        if (reason === undefined) throw error;
        return reason;
      });
    const outcome = await untilDone(attempt, { task: `upsert ${kind.stream}`, logger, signal, hold });
    if (typeof outcome !== 'string') return outcome;
    const tooLarge = await tooLargeAmong(rows, which, signal);
    if (tooLarge.size > 0) {
      const rest = which.filter((row) => !tooLarge.has(row));
      return new Map([...tooLarge, ...(rest.length === 0 ? [] : await writeInParts(rows, rest, signal))]);
    }
    const [only] = which;
    if (only !== undefined && which.length === 1) return new Map([[only, outcome]]);
    const middle = Math.ceil(which.length / 2);
    const first = await writeInParts(rows, which.subarray(0, middle), signal);
    return new Map([...first, ...(await writeInParts(rows, which.subarray(middle), signal))]);
  }

  /** Found at once, since a database with narrower columns may refuse many. */
  async function tooLargeAmong(rows: Rows<R>, which: Int32Array, signal: AbortSignal): Promise<Refusals> {
    const task = { task: 'read the column types', logger, signal };
    const columnOf = await untilDone(() => narrowColumns(database, kind.type), task);
    const tooLarge = new Map<number, string>();
    for (const row of which) {
      const column = columnOf(rows.record(row));
      if (column !== undefined) tooLarge.set(row, `${column}: ${TOO_LARGE}`);
    }
    return tooLarge;
  }

  /** With the records' bytes as they came, which are read once more: few are refused, and all would have to be kept. */
  async function lettersOf(
    { rows, entryIds, positionOf }: Batch<R>,
    refusals: Refusals,
    signal: AbortSignal,
  ): Promise<DeadLetter[]> {
    if (refusals.size === 0) return [];
    const idOf = entryIds.list();
    const refused = [...refusals]
      .sort(([one], [other]) => one - other)
      .map(([row, reason]) => ({ row, reason, entryId: idOf[positionOf(row).entry] ?? '' }));
    const ids = [...new Set(refused.map(({ entryId }) => entryId))];
    const task = { task: 'read refused entries', logger, signal };
    const entries = await untilDone(() => readEntries(redis, member, ids), task);
    const payloads = new Map([...entries].map(([id, entry]) => [id, payloadsOf(kind.type, entry)]));
    return refused.map(({ row, reason, entryId }) => {
      const recordIndex = positionOf(row).index;
      // Where the entry was deleted meanwhile its row stands for it.
      const payload = payloads.get(entryId)?.(recordIndex) ?? rowAsEntry(rows, row);
      return { entryId, recordIndex, reason, payload };
    });
  }
}

const rowAsEntry = <R>(rows: Rows<R>, row: number): Buffer =>
  Buffer.concat([rows.type.rowBinaryHeader, rows.bytes().subarray(rows.startOf(row), rows.endOf(row))]);
