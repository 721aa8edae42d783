import { isAt, isDigit, rulesOf, timeOf, UNUSUAL, type ValueRules, writeValue } from './json-value.js';
import { type EntryContext, latestKept, oldestKept, type RecordType } from './record-type.js';
import type { RowBinaryWriter } from './row-binary.js';
import type { Shape } from './shape.js';
import { areWordsAt, Viewed, wordsOf } from './words.js';

interface Column {
  readonly name: string;
  /** `"name"` as it stands in JSON. */
  readonly key: Int32Array;
  readonly keyBytes: number;
  readonly rules: ValueRules;
  readonly isNullable: boolean;
  /** Length of the value with its quotes where it is usually the same; 0 otherwise. */
  readonly usualLength: number;
  /** Where a missing value is taken from: a column's place, the entry, or nowhere. */
  readonly source: number | 'entry' | null;
  /** Whether it may only have a value where the nullable column before it has. */
  readonly hasNoGapBefore: boolean;
}

const [QUOTE, BACKSLASH, COMMA, COLON, OPEN, CLOSE, ZERO] = [0x22, 0x5c, 0x2c, 0x3a, 0x7b, 0x7d, 0x30];
const NULL = Buffer.from('null');
/** More than all fixed columns of a row need. */
const FIXED_BYTES = 512;

/**
 * Turns JSON records of the usual shape straight into rows. What is unusual (escapes, text beyond ASCII, nested or
 * repeated fields, numbers and times in rarer notations) and what is bad is left to {@link RecordType.parse}: what this
 * takes, it takes as that would.
 */
export class JsonRows<R> {
  readonly #columns: readonly Column[];
  readonly #from: Int32Array;
  readonly #to: Int32Array;
  readonly #times: Float64Array;
  readonly #source = new Viewed();
  readonly #target = new Viewed();

  constructor({ columnNames, columns, rules }: RecordType<R>) {
    this.#columns = columnNames.map((name) => {
      const { shape } = columns[name];
      return {
        name,
        key: wordsOf(Buffer.from(JSON.stringify(name))),
        keyBytes: name.length + 2,
        rules: rulesOf(shape),
        isNullable: shape.nullable === true,
        usualLength: usualLengthOf(shape),
        source: sourceOf(rules.missing[name], columnNames),
        hasNoGapBefore: rules.withoutGaps.indexOf(name) > 0,
      };
    });
    this.#from = new Int32Array(columnNames.length);
    this.#to = new Int32Array(columnNames.length);
    this.#times = new Float64Array(columnNames.length);
  }

  /** Appends the row of the record in `source` from `from` up to `to`. Appends nothing and returns false for others. */
  append(source: Buffer, from: number, to: number, context: EntryContext, writer: RowBinaryWriter): boolean {
    this.#source.set(source);
    if (!this.#findFields(source, from, to)) return false;
    this.#target.set(writer.room(to - from + FIXED_BYTES));
    const begin = writer.length;
    const end = this.#writeRow(begin, context);
    if (end === UNUSUAL) return false;
    writer.advance(end - begin);
    return true;
  }

  /** Notes where the value of each column is; values of known columns are checked when they are written. */
  #findFields(source: Buffer, from: number, to: number): boolean {
    const starts = this.#from;
    const ends = this.#to;
    const columns = this.#columns;
    for (let place = 0; place < starts.length; place++) starts[place] = -1;
    let at = skipSpace(source, from, to);
    if (source[at] !== OPEN) return false;
    let expected = 0;
    do {
      at = skipSpace(source, at + 1, to);
      const place = this.#columnAt(at, expected);
      const column = columns[place];
      at = column === undefined ? endOfPlainText(source, at, to) : at + column.keyBytes;
      if (at === UNUSUAL) return false;
      at = skipSpace(source, at, to);
      if (source[at] !== COLON) return false;
      at = skipSpace(source, at + 1, to);
      const end = endOfValue(source, at, to, column?.usualLength ?? 0);
      if (end === UNUSUAL) return false;
      if (column !== undefined) {
        if (starts[place] !== -1) return false;
        starts[place] = at;
        ends[place] = end;
        expected = place + 1;
      }
      at = skipSpace(source, end, to);
    } while (source[at] === COMMA && at < to);
    return at < to && source[at] === CLOSE && skipSpace(source, at + 1, to) === to;
  }

  /** The place of the column whose key begins at `at`, most likely the expected one; -1 where it is none of them. */
  #columnAt(at: number, expected: number): number {
    const columns = this.#columns;
    const { view } = this.#source;
    for (let tried = 0; tried < columns.length; tried++) {
      const place = expected + tried < columns.length ? expected + tried : expected + tried - columns.length;
      const column = columns[place];
      if (column !== undefined && areWordsAt(view, at, column.key, column.keyBytes)) return place;
    }
    return -1;
  }

  /** Writes the row at `begin` and returns its end. */
  #writeRow(begin: number, context: EntryContext): number {
    const times = this.#times;
    const source = this.#source;
    const target = this.#target;
    const oldest = oldestKept(context);
    const latest = latestKept(context);
    let at = begin;
    let before = true;
    for (let place = 0; place < this.#columns.length; place++) {
      const column = this.#columns[place];
      if (column === undefined) return UNUSUAL;
      const from = this.#from[place] ?? -1;
      const to = this.#to[place] ?? -1;
      if (column.isNullable) {
        const isNull = from === -1 || isAt(source.bytes, from, NULL);
        target.bytes[at++] = isNull ? 1 : 0;
        if (!isNull && column.hasNoGapBefore && !before) return UNUSUAL;
        before = !isNull;
        if (isNull) continue;
      }
      if (column.rules.kind === 'time') {
        const time = from === -1 ? this.#missingTime(column, context) : timeOf(source.bytes, from, to);
        // Not a number fails both.
        if (!(time >= oldest && time <= latest)) return UNUSUAL;
        times[place] = time;
        target.view.setUint32(at, time >>> 0, true);
        target.view.setInt32(at + 4, Math.floor(time / 2 ** 32), true);
        at += 8;
      } else {
        if (from === -1) return UNUSUAL;
        at = writeValue(column.rules, source, from, to, target, at);
        if (at === UNUSUAL) return UNUSUAL;
      }
    }
    return at;
  }

  #missingTime({ source }: Column, { entryTime }: EntryContext): number {
    if (source === 'entry') return entryTime;
    return source === null ? Number.NaN : (this.#times[source] ?? Number.NaN);
  }
}

function usualLengthOf(shape: Shape): number {
  if (shape.kind === 'uuid') return 38;
  if (shape.kind === 'fixedHex') return 4 + 2 * shape.bytes;
  return shape.kind === 'time' ? 26 : 0;
}

function skipSpace(source: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to) {
    const byte = source[at] ?? 0;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)) return at;
    at++;
  }
  return to;
}

/** Behind a value that is not nested; a text of the usual length is not looked into, since that is done later. */
function endOfValue(source: Buffer, at: number, to: number, usualLength: number): number {
  const first = source[at] ?? 0;
  if (first === QUOTE) {
    const end = at + usualLength;
    return usualLength > 0 && end <= to && source[end - 1] === QUOTE ? end : endOfPlainText(source, at, to);
  }
  if (first === 0x6e) return isAt(source, at, NULL) ? at + NULL.length : UNUSUAL;
  let end = at;
  while (end < to && isDigit(source[end] ?? 0)) end++;
  const hasLeadingZero = first === ZERO && end > at + 1;
  return end === at || hasLeadingZero ? UNUSUAL : end;
}

/** Behind the closing quote of a text of printable ASCII without escapes. */
function endOfPlainText(source: Buffer, at: number, to: number): number {
  if (source[at] !== QUOTE) return UNUSUAL;
  for (let end = at + 1; end < to; end++) {
    const byte = source[end] ?? 0;
    if (byte === QUOTE) return end + 1;
    if (byte < 0x20 || byte > 0x7e || byte === BACKSLASH) return UNUSUAL;
  }
  return UNUSUAL;
}

function sourceOf(missing: string | undefined, columnNames: readonly string[]): Column['source'] {
  if (missing === undefined) return null;
  return missing === 'entry' ? missing : columnNames.indexOf(missing);
}
