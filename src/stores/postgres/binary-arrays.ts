import type { RecordType } from '../../records/record-type.js';
import type { Rows } from '../../records/rows.js';
import type { Shape } from '../../records/shape.js';

/** Element types by their number in Postgres' catalogue, which never changes. */
const ELEMENT_TYPES: Readonly<Record<string, number>> = {
  uuid: 2950,
  text: 25,
  integer: 23,
  bigint: 20,
  timestamptz: 1184,
};
/** Dimensions, whether there may be nulls, the type; and, of the one dimension, how many elements and the first's number. */
const HEADER_BYTES = 20;
/** An array of nothing has no dimension. */
const EMPTY_HEADER_BYTES = 12;
const INITIAL_BYTES_PER_VALUE = 24;
const NULL_LENGTH = -1;
const HEX_DIGITS = Uint8Array.from({ length: 16 }, (_, digit) => digit.toString(16).charCodeAt(0));
/** Which byte of a UUID's text is where in RowBinary, which keeps it as two little-endian halves. */
const UUID_PLACES = Uint8Array.of(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
/** Postgres counts from 2000, in microseconds. */
const EPOCH_MS = 946_684_800_000;
/** No time that Postgres has, and not its infinity either: it is refused as any that is out of range. */
const OUT_OF_RANGE = 2n ** 63n - 2n;

/** One array parameter in Postgres' binary form. */
class ArrayBuilder {
  #buffer: Buffer;
  #length: number;
  readonly #names: readonly Buffer[];

  constructor(
    private readonly shape: Shape,
    elementType: number,
    count: number,
  ) {
    this.#buffer = Buffer.allocUnsafe(HEADER_BYTES + count * INITIAL_BYTES_PER_VALUE);
    this.#names = shape.kind === 'oneOf' ? shape.names.map((name) => Buffer.from(name)) : [];
    this.#length = count === 0 ? EMPTY_HEADER_BYTES : HEADER_BYTES;
    const words = [count === 0 ? 0 : 1, shape.nullable === true ? 1 : 0, elementType, count, 1];
    for (const [index, word] of words.entries()) this.#buffer.writeInt32BE(word, 4 * index);
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Appends the RowBinary value at `from` and returns where the next one is. */
  append(source: Buffer, from: number): number {
    let at = from;
    if (this.shape.nullable === true && source[at++] === 1) {
      this.#begin(NULL_LENGTH);
      return at;
    }
    const { shape } = this;
    switch (shape.kind) {
      case 'uuid': {
        const to = this.#begin(16);
        for (let index = 0; index < 16; index++) this.#buffer[to + index] = source[at + (UUID_PLACES[index] ?? 0)] ?? 0;
        return at + 16;
      }
      case 'uint':
        return this.#appendUint(shape.bits, source, at);
      case 'fixedHex':
        return this.#appendHex(source, at, shape.bytes);
      case 'hexData':
      case 'text': {
        let count = 0;
        for (let shift = 0; ; shift += 7) {
          const byte = source[at++] ?? 0;
          count |= (byte & 0x7f) << shift;
          if (byte < 0x80) break;
        }
        if (shape.kind === 'hexData') return this.#appendHex(source, at, count);
        const to = this.#begin(count);
        source.copy(this.#buffer, to, at, at + count);
        return at + count;
      }
      case 'oneOf': {
        const name = this.#names[source[at] ?? 0];
        if (name === undefined) throw new Error(`there is no option ${source[at]}`);
        const to = this.#begin(name.length);
        name.copy(this.#buffer, to);
        return at + 1;
      }
      case 'time':
        this.#appendTime(source.readUInt32LE(at) + source.readInt32LE(at + 4) * 2 ** 32);
        return at + 8;
    }
  }

  #appendUint(bits: 8 | 16 | 32 | 64, source: Buffer, at: number): number {
    if (bits === 8 || bits === 16) {
      const value = bits === 8 ? (source[at] ?? 0) : source.readUInt16LE(at);
      const to = this.#begin(4);
      this.#buffer.writeInt32BE(value, to);
      return at + bits / 8;
    }
    const to = this.#begin(8);
    this.#buffer.writeUInt32BE(bits === 64 ? source.readUInt32LE(at + 4) : 0, to);
    this.#buffer.writeUInt32BE(source.readUInt32LE(at), to + 4);
    return at + bits / 8;
  }

  #appendHex(source: Buffer, at: number, bytes: number): number {
    const to = this.#begin(2 + 2 * bytes);
    const buffer = this.#buffer;
    buffer[to] = 0x30;
    buffer[to + 1] = 0x78;
    for (let index = 0; index < bytes; index++) {
      const byte = source[at + index] ?? 0;
      buffer[to + 2 + 2 * index] = HEX_DIGITS[byte >> 4] ?? 0;
      buffer[to + 3 + 2 * index] = HEX_DIGITS[byte & 0x0f] ?? 0;
    }
    return at + bytes;
  }

  #appendTime(time: number): void {
    const to = this.#begin(8);
    const microseconds = (time - EPOCH_MS) * 1_000;
    if (Number.isSafeInteger(microseconds)) {
      this.#buffer.writeInt32BE(Math.floor(microseconds / 2 ** 32), to);
      this.#buffer.writeUInt32BE(microseconds >>> 0, to + 4);
    } else {
      const exact = BigInt(time - EPOCH_MS) * 1_000n;
      this.#buffer.writeBigInt64BE(exact < OUT_OF_RANGE && exact > -OUT_OF_RANGE ? exact : OUT_OF_RANGE, to);
    }
  }

  /** Writes the length of an element and returns where its bytes go, in the buffer as it is from then on. */
  #begin(length: number): number {
    const at = this.#length + 4;
    const end = at + Math.max(0, length);
    if (end > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    this.#buffer.writeInt32BE(length, this.#length);
    this.#length = end;
    return at;
  }
}

/**
 * Some of the rows as one bound array a column, in the form that Postgres need not parse: the fastest way into Postgres
 * short of COPY, and still only parameters.
 */
export function binaryArrays<R>(rows: Rows<R>, which: Int32Array): Buffer[] {
  const { columnNames, columns } = rows.type;
  const builders = columnNames.map((name) => {
    const { shape, postgres } = columns[name];
    const elementType = ELEMENT_TYPES[postgres];
    if (elementType === undefined) throw new Error(`${postgres} has no binary arrays here`);
    return new ArrayBuilder(shape, elementType, which.length);
  });
  const bytes = rows.bytes();
  for (const row of which) {
    let at = rows.startOf(row);
    for (const builder of builders) at = builder.append(bytes, at);
  }
  return builders.map((builder) => builder.bytes());
}

/** The query that turns the parameters from {@link binaryArrays} into rows, ordered so that two writers never deadlock. */
export function rowsFromArrays<R>({ columnNames, columns }: RecordType<R>): string {
  const arrays = columnNames.map((name, index) => `$${index + 1}::${columns[name].postgres}[]`);
  const names = columnNames.join(', ');
  return `SELECT ${names} FROM unnest(${arrays.join(', ')}) AS given (${names}) ORDER BY id`;
}
