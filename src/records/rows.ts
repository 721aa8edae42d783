import type { RecordType } from './record-type.js';
import { RowBinaryReader, RowBinaryWriter } from './row-binary.js';
import { fixedWidth } from './shape.js';
import { Viewed } from './words.js';

/** Rows that are good already are not judged again. */
const UNJUDGED = { entryTime: Number.MAX_VALUE, retentionDays: Number.POSITIVE_INFINITY };
const INITIAL_ROWS = 1_024;

/** Many records of one type as RowBinary, one behind the other: made without an object a record. */
export class Rows<R> {
  /** Where rows are appended, each followed by {@link endRow}. */
  readonly writer: RowBinaryWriter;
  readonly #viewed = new Viewed();
  #ends = new Int32Array(INITIAL_ROWS);
  #count = 0;

  /** `expectedBytes` spares growing, where about so much will come. */
  constructor(
    readonly type: RecordType<R>,
    expectedBytes?: number,
  ) {
    this.writer = new RowBinaryWriter(expectedBytes);
    this.writer.raw(type.rowBinaryHeader);
  }

  get count(): number {
    return this.#count;
  }

  /** The header and the rows, as a view: valid until the next row. */
  bytes(): Buffer {
    return this.writer.bytes();
  }

  /** The same for looking at numbers. */
  view(): DataView {
    this.#viewed.set(this.bytes());
    return this.#viewed.view;
  }

  endRow(): void {
    this.#endRowAt(this.writer.length);
  }

  /** Appends rows as they are: those of `source` from `from` up to where the last of `ends` says. */
  appendAll(source: Buffer, from: number, ends: readonly number[]): void {
    const shift = this.writer.length - from;
    this.writer.raw(source.subarray(from, ends.at(-1) ?? from));
    for (const end of ends) this.#endRowAt(end + shift);
  }

  append(record: R): void {
    this.type.writeRow(this.writer, record);
    this.endRow();
  }

  /** Where a row begins in {@link bytes}. */
  startOf(row: number): number {
    return row === 0 ? this.type.rowBinaryHeader.length : (this.#ends[row - 1] ?? 0);
  }

  endOf(row: number): number {
    return this.#ends[row] ?? 0;
  }

  /** Where a value of a row is in {@link bytes}, given what {@link offsetOf} says of its column. */
  placeOf(row: number, offset: number): number {
    return offset < 0 ? this.endOf(row) + offset : this.startOf(row) + offset;
  }

  /** Milliseconds since 1970. */
  timeOf(row: number, offset: number): number {
    const at = this.placeOf(row, offset);
    const view = this.view();
    return view.getUint32(at, true) + view.getInt32(at + 4, true) * 2 ** 32;
  }

  uuidOf(row: number, offset: number): string {
    const at = this.placeOf(row, offset);
    return new RowBinaryReader(this.bytes().subarray(at, at + 16)).uuid();
  }

  /** The record that a row holds. */
  record(row: number): R {
    const bytes = this.bytes().subarray(this.startOf(row), this.endOf(row));
    return this.type.readRow(new RowBinaryReader(bytes), UNJUDGED);
  }

  #endRowAt(end: number): void {
    if (this.#count === this.#ends.length) {
      const larger = new Int32Array(2 * this.#count);
      larger.set(this.#ends);
      this.#ends = larger;
    }
    this.#ends[this.#count++] = end;
  }
}

/**
 * Where a column's value is in every row: counted from the row's start, or, negative, from its end. Throws for a column
 * that has values of any length on both sides.
 */
export function offsetOf<R>({ columnNames, columns }: RecordType<R>, name: keyof R & string): number {
  const widths = columnNames.map((column) => fixedWidth(columns[column].shape));
  const place = columnNames.indexOf(name);
  const before = sumOf(widths.slice(0, place));
  if (before !== null) return before;
  const after = sumOf(widths.slice(place));
  if (after === null) throw new Error(`${name} is not at a fixed place in its row`);
  return -after;
}

const sumOf = (widths: readonly (number | null)[]): number | null =>
  widths.reduce((sum, width) => (sum === null || width === null ? null : sum + width), 0);
