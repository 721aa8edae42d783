import { daysOf } from './codec.js';
import type { Shape } from './shape.js';
import { hexAt, NOT_HEX, type Viewed } from './words.js';

/** What a writer of this file returns for a value that is bad, or in a rarer notation. */
export const UNUSUAL = -1;

const [QUOTE, ZERO, DASH, COLON] = [0x22, 0x30, 0x2d, 0x3a];
const SAFE_DIGITS = 15;
const DAY_MS = 86_400_000;

export const isDigit = (byte: number): boolean => byte >= ZERO && byte <= 0x39;

/** A shape with the same fields whatever its kind, so that code for all kinds reads them from one place. */
export interface ValueRules {
  readonly kind: Shape['kind'];
  readonly bits: number;
  /** Of a `uint`. */
  readonly min: number;
  /** The greatest value of a `uint`, the number of bytes of a `fixedHex`, or the most of them; 0 for others. */
  readonly max: number;
  /** The names of a closed list, as they stand in JSON. */
  readonly options: readonly Buffer[];
}

export function rulesOf(shape: Shape): ValueRules {
  const rules = { kind: shape.kind, bits: 0, min: 0, max: 0, options: [] };
  switch (shape.kind) {
    case 'uint':
      return { ...rules, bits: shape.bits, min: shape.min, max: shape.max };
    case 'fixedHex':
      return { ...rules, max: shape.bytes };
    case 'hexData':
    case 'text':
      return { ...rules, max: shape.maxBytes };
    case 'oneOf':
      return { ...rules, options: shape.names.map((option) => Buffer.from(JSON.stringify(option))) };
    default:
      return rules;
  }
}

/**
 * Writes the JSON value in `source` from `from` up to `to` into `target` at `at`, as RowBinary, and returns its end.
 * Times have {@link timeOf}.
 */
export function writeValue(
  { kind, bits, min, max, options }: ValueRules,
  source: Viewed,
  from: number,
  to: number,
  target: Viewed,
  at: number,
): number {
  if (kind === 'uint') return writeUint(bits, min, max, source.bytes, from, to, target, at);
  if (source.bytes[from] !== QUOTE) return UNUSUAL;
  switch (kind) {
    case 'uuid':
      return to - from === 38 ? writeUuid(source, from + 1, target, at) : UNUSUAL;
    case 'fixedHex':
      return to - from === 4 + 2 * max ? writeHex(source, from + 1, max, target, at) : UNUSUAL;
    case 'hexData': {
      const digits = to - from - 4;
      if (digits < 0 || digits % 2 !== 0 || digits > 2 * max) return UNUSUAL;
      return writeHex(source, from + 1, digits / 2, target, writeVarint(digits / 2, target.bytes, at));
    }
    case 'text': {
      const bytes = to - from - 2;
      if (bytes > max) return UNUSUAL;
      const begin = writeVarint(bytes, target.bytes, at);
      for (let index = 0; index < bytes; index++) target.bytes[begin + index] = source.bytes[from + 1 + index] ?? 0;
      return begin + bytes;
    }
    case 'oneOf':
      for (let number = 0; number < options.length; number++) {
        const option = options[number];
        if (option === undefined || option.length !== to - from || !isAt(source.bytes, from, option)) continue;
        target.bytes[at] = number;
        return at + 1;
      }
      return UNUSUAL;
    default:
      return UNUSUAL;
  }
}

function writeUint(
  bits: number,
  min: number,
  max: number,
  source: Buffer,
  from: number,
  to: number,
  { bytes, view }: Viewed,
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
  if (bits === 8) bytes[at] = value;
  else if (bits === 16) view.setUint16(at, value, true);
  else view.setUint32(at, value >>> 0, true);
  if (bits === 64) view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
  return at + bits / 8;
}

function writeVarint(value: number, target: Buffer, begin: number): number {
  let [rest, at] = [value, begin];
  for (; rest >= 0x80; rest >>>= 7) target[at++] = (rest & 0x7f) | 0x80;
  target[at++] = rest;
  return at;
}

/** ClickHouse keeps a UUID as two little-endian halves. */
function writeUuid({ bytes, view }: Viewed, from: number, target: Viewed, at: number): number {
  const [one, two, three, four] = [
    hexAt(view, from),
    hexAt(view, from + 4),
    hexAt(view, from + 9),
    hexAt(view, from + 14),
  ];
  const [five, six, seven, eight] = [
    hexAt(view, from + 19),
    hexAt(view, from + 24),
    hexAt(view, from + 28),
    hexAt(view, from + 32),
  ];
  const hasDashes =
    bytes[from + 8] === DASH && bytes[from + 13] === DASH && bytes[from + 18] === DASH && bytes[from + 23] === DASH;
  if (!hasDashes || (one | two | three | four | five | six | seven | eight) >= NOT_HEX) return UNUSUAL;
  target.view.setInt32(at, (three << 16) | four, true);
  target.view.setInt32(at + 4, (one << 16) | two, true);
  target.view.setInt32(at + 8, (seven << 16) | eight, true);
  target.view.setInt32(at + 12, (five << 16) | six, true);
  return at + 16;
}

/** One byte alone, which has no four digits, is rare. */
function writeHex({ bytes, view }: Viewed, from: number, count: number, target: Viewed, at: number): number {
  if (bytes[from] !== ZERO || ((bytes[from + 1] ?? 0) | 0x20) !== 0x78 || count === 1) return UNUSUAL;
  let all = 0;
  for (let index = 0; index < count; index += 2) {
    const place = Math.min(index, count - 2);
    const two = hexAt(view, from + 2 + 2 * place);
    all |= two;
    target.view.setUint16(at + place, two);
  }
  return all < NOT_HEX ? at + count : UNUSUAL;
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
  return dayNumber(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1_000 + millisecond;
}

/** Days since 1970, of a year that begins in March, so that a leap day is its last. */
function dayNumber(year: number, month: number, day: number): number {
  const from = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return 365 * from + Math.floor(from / 4) - Math.floor(from / 100) + Math.floor(from / 400) + dayOfYear - 719_468;
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
