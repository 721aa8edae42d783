/**
 * Values in ClickHouse's SQL that a number decides, the same each time. They expect the parameters `from` and `span` (of
 * the history, milliseconds) and, by kind, how many there are of them.
 */

/** How the ids of events and attempts are made: UUIDv4, or UUIDv7, which begin with the time. */
export type IdKind = 'random' | 'time-ordered';

/** A parameter with how many rows the history has of this kind. */
type Rows = '{events:UInt64}' | '{attempts:UInt64}';

/** The id of the n-th thing of a kind. */
export const id = (kind: string, number: string): string =>
  `reinterpretAsUUID(sipHash128('${kind}', toUInt64(${number})))`;

/** Milliseconds since 1970 of the n-th of so many rows: they come evenly, each at some moment of its own while. */
const milliseconds = (number: string, rows: Rows): string =>
  `({from:Int64} + toInt64(intDiv(${number} * {span:UInt64} + sipHash64('moment', ${number}) % {span:UInt64}, ${rows})))`;

/** When the n-th of so many rows came. */
export const time = (number: string, rows: Rows): string =>
  `fromUnixTimestamp64Milli(${milliseconds(number, rows)}, 'UTC')`;

/** The id of the n-th event or attempt. A UUIDv7 is 48 bits of time, the version, and bits that the number decides. */
export function historyId(ids: IdKind, kind: 'event' | 'attempt', number: string): string {
  if (ids === 'random') return id(kind, number);
  const at = milliseconds(number, kind === 'event' ? '{events:UInt64}' : '{attempts:UInt64}');
  const high = `bitOr(bitShiftLeft(toUInt64${at}, 16), bitOr(0x7000, bitAnd(sipHash64('${kind}-', ${number}), 0xfff)))`;
  const low = `bitOr(bitShiftLeft(toUInt64(2), 62), bitAnd(sipHash64('${kind}', ${number}), 0x3fffffffffffffff))`;
  return `reinterpretAsUUID(concat(reinterpretAsString(${high}), reinterpretAsString(${low})))`;
}

/** 32 bytes. */
export const hash32 = (kind: string, number: string): string =>
  `toFixedString(concat(sipHash128('${kind}', toUInt64(${number})), sipHash128('${kind}-', toUInt64(${number}))), 32)`;

/** From 0 up to, but not, 1. */
export const fraction = (kind: string, number: string): string =>
  `(sipHash64('${kind}', toUInt64(${number})) % 1000003) / 1000003`;
