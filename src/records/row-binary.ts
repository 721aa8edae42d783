const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Where the two digits of each byte are in the text of a UUID. */
const UUID_DIGITS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const digitOf = (code: number): number => (code < 0x3a ? code - 0x30 : (code | 0x20) - 0x57);

/** Appends values in ClickHouse's RowBinary encoding to one growing buffer. */
export class RowBinaryWriter {
  #buffer: Buffer;
  #length = 0;
  #view: Buffer | null = null;

  constructor(initialBytes = 64 * 1024) {
    this.#buffer = Buffer.allocUnsafe(initialBytes);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** What was written, as a view on the buffer: valid until the next write. */
  bytes(): Buffer {
    this.#view ??= this.#buffer.subarray(0, this.#length);
    return this.#view;
  }

  uint(bits: 8 | 16 | 32 | 64, value: number): void {
    const at = this.#grow(bits / 8);
    if (bits === 8) this.#buffer[at] = value;
    else if (bits === 16) this.#buffer.writeUInt16LE(value, at);
    else if (bits === 32) this.#buffer.writeUInt32LE(value, at);
    else this.#writeSafe64(value, at);
  }

  int64(value: number): void {
    this.#writeSafe64(value, this.#grow(8));
  }

  varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.uint(8, (rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.uint(8, rest);
  }

  string(value: string): void {
    const bytes = Buffer.byteLength(value);
    this.varint(bytes);
    const at = this.#grow(bytes);
    this.#buffer.write(value, at, 'utf8');
  }

  /** The bytes behind 0x hex text, with no length before them (FixedString). */
  hexBytes(value: string): void {
    const at = this.#grow(value.length / 2 - 1);
    this.#buffer.write(value.slice(2), at, 'hex');
  }

  /** The bytes behind 0x hex text, their number before them (String). */
  hexString(value: string): void {
    this.varint(value.length / 2 - 1);
    this.hexBytes(value);
  }

  /** ClickHouse keeps a UUID as two little-endian halves. */
  uuid(value: string): void {
    const at = this.#grow(16);
    for (let index = 0; index < 16; index++) {
      const from = UUID_DIGITS[index] ?? 0;
      const byte = digitOf(value.charCodeAt(from)) * 16 + digitOf(value.charCodeAt(from + 1));
      this.#buffer[at + (index < 8 ? 7 - index : 23 - index)] = byte;
    }
  }

  raw(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length);
    this.#buffer.set(bytes, at);
  }

  /** The buffer with room for `bytes` more behind {@link length}, for whoever writes them there and tells by `advance`. */
  room(bytes: number): Buffer {
    this.#grow(bytes);
    this.#length -= bytes;
    return this.#buffer;
  }

  advance(bytes: number): void {
    this.#length += bytes;
    this.#view = null;
  }

  #writeSafe64(value: number, at: number): void {
    this.#buffer.writeUInt32LE(value >>> 0, at);
    this.#buffer.writeInt32LE(Math.floor(value / 2 ** 32), at + 4);
  }

  #grow(bytes: number): number {
    const at = this.#length;
    const needed = at + bytes;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    this.#length = needed;
    this.#view = null;
    return at;
  }
}

/** The bytes end inside a value, or cannot be what they should. */
export class RowBinaryError extends Error {
  override readonly name = 'RowBinaryError';
}

/** Reads values in ClickHouse's RowBinary encoding. Throws {@link RowBinaryError}. */
export class RowBinaryReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  get done(): boolean {
    return this.#at >= this.#buffer.length;
  }

  /** The offset of the next value. */
  get position(): number {
    return this.#at;
  }

  uint(bits: 8 | 16 | 32 | 64): number {
    const at = this.#take(bits / 8);
    if (bits === 8) return this.#buffer.readUInt8(at);
    if (bits === 16) return this.#buffer.readUInt16LE(at);
    if (bits === 32) return this.#buffer.readUInt32LE(at);
    // Above 2^53 the number is inexact, yet still above every bound that it is checked against.
    return this.#buffer.readUInt32LE(at) + this.#buffer.readUInt32LE(at + 4) * 2 ** 32;
  }

  /** The byte before a nullable value. */
  isNull(): boolean {
    const flag = this.uint(8);
    if (flag > 1) throw new RowBinaryError(`the byte at ${this.#at - 1} must say whether a value is null`);
    return flag === 1;
  }

  int64(): number {
    const at = this.#take(8);
    return this.#buffer.readUInt32LE(at) + this.#buffer.readInt32LE(at + 4) * 2 ** 32;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 49; shift += 7) {
      const byte = this.uint(8);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RowBinaryError(`a length at byte ${this.#at} is too long`);
  }

  /** A view on the next bytes. */
  bytes(length: number): Buffer {
    const at = this.#take(length);
    return this.#buffer.subarray(at, at + length);
  }

  hexBytes(bytes: number): string {
    const at = this.#take(bytes);
    return `0x${this.#buffer.toString('hex', at, at + bytes)}`;
  }

  uuid(): string {
    const at = this.#take(16);
    let text = '';
    for (let index = 0; index < 16; index++) {
      const byte = this.#buffer[at + (index < 8 ? 7 - index : 23 - index)] ?? 0;
      text += index === 4 || index === 6 || index === 8 || index === 10 ? `-${HEX[byte]}` : HEX[byte];
    }
    return text;
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#buffer.length) throw new RowBinaryError(`the bytes end inside a value at byte ${at}`);
    this.#at = at + bytes;
    return at;
  }
}
