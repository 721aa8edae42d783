import { type Codec, Rejected } from './codec.js';
import { type RowBinaryReader, RowBinaryWriter } from './row-binary.js';

/** What a record's rules need to know of the entry that brought it. */
export interface EntryContext {
  /** The time in the entry's id, milliseconds since 1970: what retention is judged by. */
  readonly entryTime: number;
  /** Days that records of this type are kept. */
  readonly retentionDays: number;
}

type Columns<R> = { readonly [Name in keyof R]: Codec<R[Name]> };

interface Rules<R> {
  /** What a missing time is taken from: its entry, or a column before it. */
  readonly missing: { readonly [Name in keyof R]?: 'entry' | (keyof R & string) | undefined };
  /** Columns of which each may only have a value where the one before it has. */
  readonly withoutGaps: readonly (keyof R & string)[];
}

const SEPARATOR = '\u001f';

/**
 * One kind of record: an ordered set of columns, and the rules that span several of them. All of its times must be
 * within the retention. Whatever carries records (JSON, RowBinary, SQL, checksums) is derived from it.
 */
export class RecordType<R> {
  /** In the order of the contract's RowBinary columns. */
  readonly columnNames: readonly (keyof R & string)[];
  /** The column count, names and types that a RowBinaryWithNamesAndTypes body starts with. */
  readonly rowBinaryHeader: Buffer;

  constructor(
    readonly table: string,
    readonly columns: Columns<R>,
    readonly rules: Rules<R>,
  ) {
    this.columnNames = Object.keys(columns) as (keyof R & string)[];
    const writer = new RowBinaryWriter();
    writer.varint(this.columnNames.length);
    for (const name of this.columnNames) writer.string(name);
    for (const name of this.columnNames) writer.string(columns[name].clickhouse);
    this.rowBinaryHeader = Buffer.from(writer.bytes());
  }

  /** Checks a parsed JSON value and brings it to canonical form. Throws {@link Rejected}. */
  parse(json: unknown, context: EntryContext): R {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new Rejected('a record must be a JSON object');
    }
    const values = json as Readonly<Record<string, unknown>>;
    const record: Partial<R> = {};
    for (const name of this.columnNames) record[name] = this.#parseField(name, values, record, context);
    return this.#checked(record as R, context);
  }

  writeRow(writer: RowBinaryWriter, record: R): void {
    for (const name of this.columnNames) this.columns[name].write(writer, record[name]);
  }

  /**
   * Reads and checks one row. Throws {@link Rejected} once the row has been read whole, so that the next one can be,
   * and RowBinaryError where the bytes cannot be read at all.
   */
  readRow(reader: RowBinaryReader, context: EntryContext): R {
    const record: Partial<R> = {};
    let rejection: Rejected | undefined;
    for (const name of this.columnNames) {
      try {
        record[name] = this.columns[name].read(reader);
      } catch (error) {
        rejection ??= inField(name, error);
      }
    }
    if (rejection !== undefined) throw rejection;
    return this.#checked(record as R, context);
  }

  /** The record as one text, the same in TypeScript, ClickHouse and Postgres: what checksums are made of. */
  canonicalText(record: R): string {
    return this.columnNames.map((name) => this.columns[name].canonicalText(record[name])).join(SEPARATOR);
  }

  #parseField<Name extends keyof R & string>(
    name: Name,
    values: Readonly<Record<string, unknown>>,
    before: Partial<R>,
    context: EntryContext,
  ): R[Name] {
    const codec = this.columns[name];
    const value = values[name];
    if (value === undefined) {
      if (codec.missing !== undefined) return codec.missing;
      const source = this.rules.missing[name];
      if (source === undefined) throw new Rejected(`${name}: is missing`);
      return (source === 'entry' ? context.entryTime : before[source as keyof R]) as R[Name];
    }
    try {
      return codec.parse(value);
    } catch (error) {
      throw inField(name, error);
    }
  }

  #checked(record: R, context: EntryContext): R {
    for (const [index, name] of this.rules.withoutGaps.entries()) {
      const previous = this.rules.withoutGaps[index - 1];
      if (record[name] !== null && previous !== undefined && record[previous] === null) {
        throw new Rejected(`${name}: must be null where ${previous} is null`);
      }
    }
    for (const name of this.columnNames) {
      if (this.columns[name].shape.kind === 'time') checkWithinRetention(name, Number(record[name]), context);
    }
    return record;
  }
}

const HOUR_MS = 3_600_000;

/** ClickHouse has seconds of 32 bits, up to 2106, for hours and for when a row expires, which may be ten years later. */
const FIRST_TIME = 0;
const LAST_TIME = Date.UTC(2096);

/** The first and the last time that a store would keep, judged by the entry's time and not by the reader's clock. */
export const oldestKept = ({ entryTime, retentionDays }: EntryContext): number =>
  Math.max(FIRST_TIME, entryTime - retentionDays * 24 * HOUR_MS);
export const latestKept = ({ entryTime }: EntryContext): number => Math.min(LAST_TIME, entryTime + HOUR_MS);

function checkWithinRetention(name: string, value: number, context: EntryContext): void {
  if (value < FIRST_TIME || value > LAST_TIME) throw new Rejected(`${name}: must be between 1970 and 2096`);
  if (value < oldestKept(context)) {
    throw new Rejected(`${name}: must not be older than the retention of ${context.retentionDays} days`);
  }
  if (value > latestKept(context)) throw new Rejected(`${name}: must not be more than one hour ahead of its entry`);
}

/** A rejection with the field's name before it; any other error goes on as it is. */
function inField(name: string, error: unknown): Rejected {
  if (error instanceof Rejected) return new Rejected(`${name}: ${error.message}`);
  throw error;
}
