import { isUtf8 } from 'node:buffer';
import type { RowBinaryReader, RowBinaryWriter } from './row-binary.js';
import type { Shape } from './shape.js';

/** A value the contract does not admit. The message is completed with the field's name by whoever knows it. */
export class Rejected extends Error {
  override readonly name = 'Rejected';
}

/** Everything there is to know of one column's values: how they are checked, carried and compared. */
export interface Codec<T> {
  /** The column's type in ClickHouse and in the header of a RowBinary entry. */
  readonly clickhouse: string;
  /** The column's type in Postgres, as used in casts of bound parameters. */
  readonly postgres: string;
  /** What the values are and how large, for rules in SQL and for whoever handles many values without making objects. */
  readonly shape: Shape;
  /** What a missing JSON field means; without it a missing field is rejected. */
  readonly missing?: T;
  /** Checks a JSON value and brings it to its canonical form. Throws {@link Rejected}. */
  parse(value: unknown): T;
  write(writer: RowBinaryWriter, value: T): void;
  /** Reads and checks one value, so that both entry forms obey the same rules. Throws {@link Rejected}. */
  read(reader: RowBinaryReader): T;
  /** The text that stands for the value in checksums, the same in both databases. */
  canonicalText(value: T): string;
}

/** The record that a tuple of columns describes. */
export type RecordOf<Columns> = {
  -readonly [Name in keyof Columns]: Columns[Name] extends Codec<infer Value> ? Value : never;
};

const DAY_MS = 86_400_000;
const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const HEX_TEXT = /^0x[0-9a-f]*$/i;
const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.(\d+))?(?:[Zz]|([+-])\d{2}:\d{2})$/;

/** Whether a text is a UUID; anything else names nothing. */
export const isUuid = (text: string): boolean => UUID_TEXT.test(text);

/** A UUID in canonical lower-case text. */
export const uuid: Codec<string> = {
  clickhouse: 'UUID',
  postgres: 'uuid',
  shape: { kind: 'uuid' },
  parse(value) {
    if (typeof value !== 'string' || !isUuid(value)) throw new Rejected('must be a UUID');
    return value.toLowerCase();
  },
  write: (writer, value) => writer.uuid(value),
  read: (reader) => reader.uuid(),
  canonicalText: (value) => value,
};

const UINT_WIDTHS = { 8: 2 ** 8 - 1, 16: 2 ** 16 - 1, 32: 2 ** 32 - 1, 64: Number.MAX_SAFE_INTEGER };

/** An unsigned integer of a width in bits, within inclusive bounds; 64 bits stop at 2^53-1. */
export const uint = (bits: keyof typeof UINT_WIDTHS, min = 0, max: number = UINT_WIDTHS[bits]): Codec<number> => {
  const check = (value: unknown): number => {
    if (typeof value !== 'number' || !Number.isInteger(value)) throw new Rejected('must be an integer');
    if (value < min || value > max) throw new Rejected(`must be between ${min} and ${max}`);
    return value;
  };
  return {
    clickhouse: `UInt${bits}`,
    postgres: bits === 8 || bits === 16 ? 'integer' : 'bigint',
    shape: { kind: 'uint', bits, min, max },
    parse: check,
    write: (writer, value) => writer.uint(bits, value),
    read: (reader) => check(reader.uint(bits)),
    canonicalText: String,
  };
};

/** Exactly `bytes` bytes as 0x hex text, lower case. */
export const fixedHex = (bytes: number): Codec<string> => ({
  clickhouse: `FixedString(${bytes})`,
  postgres: 'text',
  shape: { kind: 'fixedHex', bytes },
  parse(value) {
    if (typeof value !== 'string' || value.length !== 2 + 2 * bytes || !HEX_TEXT.test(value)) {
      throw new Rejected(`must be 0x and ${2 * bytes} hex digits`);
    }
    return value.toLowerCase();
  },
  write: (writer, value) => writer.hexBytes(value),
  read: (reader) => reader.hexBytes(bytes),
  canonicalText: (value) => value,
});

/** Any number of bytes up to `maxBytes` as 0x hex text, lower case. */
export const hexData = (maxBytes: number): Codec<string> => {
  const tooLong = (): Rejected => new Rejected(`must be at most ${maxBytes} bytes`);
  return {
    clickhouse: 'String',
    postgres: 'text',
    shape: { kind: 'hexData', maxBytes },
    parse(value) {
      if (typeof value !== 'string' || value.length % 2 !== 0 || !HEX_TEXT.test(value)) {
        throw new Rejected('must be 0x and an even number of hex digits');
      }
      if (value.length / 2 - 1 > maxBytes) throw tooLong();
      return value.toLowerCase();
    },
    write: (writer, value) => writer.hexString(value),
    read(reader) {
      const length = reader.varint();
      if (length <= maxBytes) return reader.hexBytes(length);
      reader.bytes(length);
      throw tooLong();
    },
    canonicalText: (value) => value,
  };
};

/** Text of at most `maxBytes` bytes of UTF-8 that both databases can hold. */
export const text = (maxBytes: number): Codec<string> => {
  const check = (value: unknown): string => {
    if (typeof value !== 'string') throw new Rejected('must be a text');
    if (value.includes('\0')) throw new Rejected('must not contain NUL');
    if (!value.isWellFormed()) throw new Rejected('must not contain lone surrogates');
    if (Buffer.byteLength(value) > maxBytes) throw new Rejected(`must be at most ${maxBytes} bytes`);
    return value;
  };
  return {
    clickhouse: 'String',
    postgres: 'text',
    shape: { kind: 'text', maxBytes },
    parse: check,
    write: (writer, value) => writer.string(value),
    read(reader) {
      const bytes = reader.bytes(reader.varint());
      if (!isUtf8(bytes)) throw new Rejected('must be UTF-8');
      return check(bytes.toString('utf8'));
    },
    canonicalText: (value) => value,
  };
};

/** One of a closed list of names; its place in the list is its number on the wire. */
export const oneOf = <const Name extends string>(names: readonly Name[]): Codec<Name> => {
  const numbers = new Map<string, number>(names.map((name, index) => [name, index]));
  const check = (name: Name | undefined): Name => {
    if (name === undefined) throw new Rejected(`must be one of ${names.join(', ')}`);
    return name;
  };
  return {
    clickhouse: `Enum8(${names.map((name, index) => `'${name}' = ${index}`).join(', ')})`,
    postgres: 'text',
    shape: { kind: 'oneOf', names },
    parse: (value) => check(typeof value === 'string' ? names[numbers.get(value) ?? -1] : undefined),
    write: (writer, value) => writer.uint(8, numbers.get(value) ?? 0),
    read: (reader) => check(names[reader.uint(8)]),
    canonicalText: (value) => value,
  };
};

/** An instant in milliseconds since 1970, UTC; finer digits are cut off, never rounded. */
export const time: Codec<number> = {
  clickhouse: "DateTime64(3, 'UTC')",
  postgres: 'timestamptz',
  shape: { kind: 'time' },
  parse: parseTime,
  write: (writer, value) => writer.int64(value),
  read: (reader) => reader.int64(),
  canonicalText: String,
};

/** A column that may be null; null is also what a missing field means. */
export const nullable = <T>(codec: Codec<T>): Codec<T | null> => ({
  clickhouse: `Nullable(${codec.clickhouse})`,
  postgres: codec.postgres,
  shape: { ...codec.shape, nullable: true },
  missing: null,
  parse: (value) => (value === null ? null : codec.parse(value)),
  write(writer, value) {
    writer.uint(8, value === null ? 1 : 0);
    if (value !== null) codec.write(writer, value);
  },
  read: (reader) => (reader.isNull() ? null : codec.read(reader)),
  canonicalText: (value) => (value === null ? '\\N' : codec.canonicalText(value)),
});

/** Milliseconds since 1970 of an RFC 3339 text; a leap second is the first instant behind it. Throws {@link Rejected}. */
export function parseTime(value: unknown): number {
  const parts = typeof value === 'string' ? RFC_3339.exec(value) : null;
  if (parts === null) throw new Rejected('must be an RFC 3339 time');
  const [text, fraction, sign] = parts;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const [month, day] = [twoDigits(text, 5), twoDigits(text, 8)];
  const [hour, minute, second] = [twoDigits(text, 11), twoDigits(text, 14), twoDigits(text, 17)];
  const [offsetHour, offsetMinute] =
    sign === undefined ? [0, 0] : [twoDigits(text, text.length - 5), twoDigits(text, text.length - 2)];
  const offset = (offsetHour * 60 + offsetMinute) * 60_000 * (sign === '-' ? -1 : 1);
  const time = startOfDay(year, month, day) + (hour * 3_600 + minute * 60 + second) * 1_000 - offset;
  const exists =
    day >= 1 && day <= daysOf(year, month) && hour <= 23 && minute <= 59 && offsetHour <= 23 && offsetMinute <= 59;
  // Leap seconds are only ever added at the end of a day in UTC.
  if (!exists || second > 60 || (second === 60 && time % DAY_MS !== 0)) {
    throw new Rejected('must be an RFC 3339 time that exists');
  }
  return fraction === undefined ? time : time + Number(fraction.slice(0, 3).padEnd(3, '0'));
}

const ZERO = 0x30;
const twoDigits = (text: string, at: number): number =>
  (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO;

/** Date.UTC takes years below 100 for those of the last century. */
const startOfDay = (year: number, month: number, day: number): number =>
  year < 100 ? new Date(0).setUTCFullYear(year, month - 1, day) : Date.UTC(year, month - 1, day);

const DAYS_OF_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** How many days a month has; none where there is no such month. */
export function daysOf(year: number, month: number): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 && isLeap ? 29 : (DAYS_OF_MONTH[month - 1] ?? 0);
}
