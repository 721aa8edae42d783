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
  /** What a missing field takes its value from, given the fields before it. */
  readonly missing: { readonly [Name in keyof R]?: (before: Partial<R>, context: EntryContext) => R[Name] };
  /** Rules that a codec cannot see. Throws {@link Rejected} with the field's name. */
  check(record: R, context: EntryContext): void;
}

const SEPARATOR = '\u001f';

/**
 * One kind of record: an ordered set of columns, and the rules that span several of them.
 * Whatever carries records (JSON, RowBinary, SQL, checksums) is derived from it.
 */
export class RecordType<R> {
  /** In the order of the contract's RowBinary columns. */
  readonly columnNames: readonly (keyof R & string)[];
  /** The column count, names and types that a RowBinaryWithNamesAndTypes body starts with. */
  readonly rowBinaryHeader: Buffer;

  constructor(
    readonly table: string,
    readonly columns: Columns<R>,
    private readonly rules: Rules<R>,
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
      const fallback = this.rules.missing[name];
      if (fallback === undefined) throw new Rejected(`${name}: is missing`);
      return fallback(before, context);
    }
    try {
      return codec.parse(value);
    } catch (error) {
      throw inField(name, error);
    }
  }

  #checked(record: R, context: EntryContext): R {
    this.rules.check(record, context);
    return record;
  }
}

const HOUR_MS = 3_600_000;

/**
 * Rejects a time that no store would keep, judged by the time of its entry and not by the reader's clock.
 * Throws {@link Rejected} with the field's name.
 */
export function checkWithinRetention(name: string, value: number, { entryTime, retentionDays }: EntryContext): void {
  if (value < entryTime - retentionDays * 24 * HOUR_MS) {
    throw new Rejected(`${name}: must not be older than the retention of ${retentionDays} days`);
  }
  if (value > entryTime + HOUR_MS) throw new Rejected(`${name}: must not be more than one hour ahead of its entry`);
}

/** A rejection with the field's name before it; any other error goes on as it is. */
function inField(name: string, error: unknown): Rejected {
  if (error instanceof Rejected) return new Rejected(`${name}: ${error.message}`);
  throw error;
}
