import { daysOf } from './codec.js';
import type { Shape } from './shape.js';

/** What a writer of this file returns for a value that is bad, or in a rarer notation. */
export const UNUSUAL = -1;

const NOT_HEX = 0xff;
const HEX = new Uint8Array(256).fill(NOT_HEX);
for (let digit = 0; digit < 16; digit++) {
  HEX[digit.toString(16).charCodeAt(0)] = digit;
  HEX[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}
/** Where the first digit of each byte of a UUID is in its text, and where the byte goes in RowBinary. */
const UUID_FROM = Uint8Array.of(0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34);
const UUID_TO = Uint8Array.of(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
const [QUOTE, ZERO, DASH, COLON] = [0x22, 0x30, 0x2d, 0x3a];
const SAFE_DIGITS = 15;

export const isDigit = (byte: number): boolean => byte >= ZERO && byte <= 0x39;

/**
 * Writes the JSON value in `source` from `from` up to `to` into `target` at `at`, as RowBinary, and returns its end.
 * `options` are the names of a closed list as they stand in JSON. Times have {@link timeOf}.
 */
export function writeValue(
  shape: Shape,
  options: readonly Buffer[],
  source: Buffer,
  from: number,
  to: number,
  target: Buffer,
  at: number,
): number {
  if (shape.kind === 'uint') return writeUint(shape.bits, shape.min, shape.max, source, from, to, target, at);
  if (source[from] !== QUOTE) return UNUSUAL;
  switch (shape.kind) {
    case 'uuid':
      return to - from === 38 ? writeUuid(source, from + 1, target, at) : UNUSUAL;
    case 'fixedHex':
      return to - from === 4 + 2 * shape.bytes ? writeHex(source, from + 1, shape.bytes, target, at) : UNUSUAL;
    case 'hexData': {
      const digits = to - from - 4;
      if (digits < 0 || digits % 2 !== 0 || digits > 2 * shape.maxBytes) return UNUSUAL;
      return writeHex(source, from + 1, digits / 2, target, writeVarint(digits / 2, target, at));
    }
    case 'text': {
      const bytes = to - from - 2;
      if (bytes > shape.maxBytes) return UNUSUAL;
      const begin = writeVarint(bytes, target, at);
      for (let index = 0; index < bytes; index++) target[begin + index] = source[from + 1 + index] ?? 0;
      return begin + bytes;
    }
    case 'oneOf':
      for (let number = 0; number < options.length; number++) {
        const option = options[number];
        if (option === undefined || option.length !== to - from || !isAt(source, from, option)) continue;
        target[at] = number;
        return at + 1;
      }
      return UNUSUAL;
    default:
      return UNUSUAL;
  }
}

function writeUint(
  bits: 8 | 16 | 32 | 64,
  min: number,
  max: number,
  source: Buffer,
  from: number,
  to: number,
  target: Buffer,
  at: number,
): number {
  if (to - from > SAFE_DIGITS) return UNUSUAL;
  let value = 0;
  for (let index = from; index < to; index++) {
    const byte = source[index] ?? 0;
    if (!isDigit(byte)) return UNUSUAL;
    value = value * 10 + byte - ZERO;
  }
  if (value < min || value > max) return UNUSUAL;
  target[at] = value;
  if (bits === 8) return at + 1;
  if (bits === 16) return target.writeUInt16LE(value, at);
  target.writeUInt32LE(value >>> 0, at);
  if (bits === 32) return at + 4;
  return target.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
}

function writeVarint(value: number, target: Buffer, begin: number): number {
  let [rest, at] = [value, begin];
  for (; rest >= 0x80; rest >>>= 7) target[at++] = (rest & 0x7f) | 0x80;
  target[at++] = rest;
  return at;
}

function writeUuid(source: Buffer, from: number, target: Buffer, at: number): number {
  let digits = 0;
  for (let index = 0; index < 16; index++) {
    const digit = from + (UUID_FROM[index] ?? 0);
    const high = HEX[source[digit] ?? 0] ?? NOT_HEX;
    const low = HEX[source[digit + 1] ?? 0] ?? NOT_HEX;
    digits |= high | low;
    target[at + (UUID_TO[index] ?? 0)] = (high << 4) | low;
  }
  const hasDashes =
    source[from + 8] === DASH && source[from + 13] === DASH && source[from + 18] === DASH && source[from + 23] === DASH;
  return hasDashes && digits < 16 ? at + 16 : UNUSUAL;
}

function writeHex(source: Buffer, from: number, bytes: number, target: Buffer, at: number): number {
  if (source[from] !== ZERO || ((source[from + 1] ?? 0) | 0x20) !== 0x78) return UNUSUAL;
  let digits = 0;
  for (let index = 0; index < bytes; index++) {
    const high = HEX[source[from + 2 + 2 * index] ?? 0] ?? NOT_HEX;
    const low = HEX[source[from + 3 + 2 * index] ?? 0] ?? NOT_HEX;
    digits |= high | low;
    target[at + index] = (high << 4) | low;
  }
  return digits < 16 ? at + bytes : UNUSUAL;
}

/** Milliseconds of `"2026-01-01T00:00:00.000Z"` or `"2026-01-01T00:00:00Z"`; not a number for anything else. */
export function timeOf(source: Buffer, from: number, to: number): number {
  const length = to - from;
  const isUsual =
    (length === 26 || length === 22) &&
    source[from] === QUOTE &&
    source[from + 5] === DASH &&
    source[from + 8] === DASH &&
    source[from + 11] === 0x54 &&
    source[from + 14] === COLON &&
    source[from + 17] === COLON &&
    source[to - 2] === 0x5a &&
    (length === 22 || source[from + 20] === 0x2e);
  if (!isUsual) return Number.NaN;
  const year = digits(source, from + 1, 4);
  const month = digits(source, from + 6, 2);
  const day = digits(source, from + 9, 2);
  const hour = digits(source, from + 12, 2);
  const minute = digits(source, from + 15, 2);
  const second = digits(source, from + 18, 2);
  const millisecond = length === 26 ? digits(source, from + 21, 3) : 0;
  const exists = year >= 1000 && day >= 1 && day <= daysOf(year, month) && hour <= 23 && minute <= 59 && second <= 59;
  if (!exists) return Number.NaN;
  return Date.UTC(year, month - 1, day) + ((hour * 60 + minute) * 60 + second) * 1_000 + millisecond;
}

/** A number of so many digits; not a number where there is anything else. */
function digits(source: Buffer, from: number, count: number): number {
  let value = 0;
  for (let index = from; index < from + count; index++) {
    const byte = source[index] ?? 0;
    if (!isDigit(byte)) return Number.NaN;
    value = value * 10 + byte - ZERO;
  }
  return value;
}

export function isAt(source: Buffer, at: number, text: Buffer): boolean {
  for (let index = 0; index < text.length; index++) if (source[at + index] !== text[index]) return false;
  return true;
}
