import { isUtf8 } from 'node:buffer';
import { type EntryContext, latestKept, oldestKept, type RecordType } from './record-type.js';
import type { Shape } from './shape.js';

interface Column {
  readonly shape: Shape;
  readonly isNullable: boolean;
  readonly hasNoGapBefore: boolean;
}

const NOT_GOOD = -1;
const VARINT_BYTES = 4;

/**
 * Checks rows where they are. What is bad, or written in another way than {@link RecordType.writeRow} would, is left
 * to {@link RecordType.readRow}: what this takes, it takes as that would.
 */
export class RowCheck<R> {
  readonly #columns: readonly Column[];

  constructor({ columnNames, columns, rules }: RecordType<R>) {
    this.#columns = columnNames.map((name) => ({
      shape: columns[name].shape,
      isNullable: columns[name].shape.nullable === true,
      hasNoGapBefore: rules.withoutGaps.indexOf(name) > 0,
    }));
  }

  /** Where the good row that begins at `begin` ends; -1 where it is left to others. */
  endOfGood(source: Buffer, begin: number, context: EntryContext): number {
    const [oldest, latest] = [oldestKept(context), latestKept(context)];
    let at = begin;
    let before = true;
    for (const { shape, isNullable, hasNoGapBefore } of this.#columns) {
      if (isNullable) {
        const flag = source[at++] ?? 2;
        if (flag > 1 || (flag === 0 && hasNoGapBefore && !before)) return NOT_GOOD;
        before = flag === 0;
        if (flag === 1) continue;
      }
      if (shape.kind === 'time') {
        if (at + 8 > source.length) return NOT_GOOD;
        const time = source.readUInt32LE(at) + source.readInt32LE(at + 4) * 2 ** 32;
        if (time < oldest || time > latest) return NOT_GOOD;
        at += 8;
      } else {
        at = endOfValue(shape, source, at);
        if (at === NOT_GOOD) return NOT_GOOD;
      }
    }
    return at > source.length ? NOT_GOOD : at;
  }
}

/** It may be behind the end of the source, which is found out later. */
function endOfValue(shape: Shape, source: Buffer, at: number): number {
  switch (shape.kind) {
    case 'uuid':
      return at + 16;
    case 'fixedHex':
      return at + shape.bytes;
    case 'oneOf':
      return (source[at] ?? shape.names.length) < shape.names.length ? at + 1 : NOT_GOOD;
    case 'uint': {
      const end = at + shape.bits / 8;
      if (end > source.length) return NOT_GOOD;
      const value = uintAt(source, at, shape.bits);
      return value >= shape.min && value <= shape.max ? end : NOT_GOOD;
    }
    case 'hexData':
      return endOfCounted(source, at, shape.maxBytes);
    case 'text': {
      const end = endOfCounted(source, at, shape.maxBytes);
      return end !== NOT_GOOD && end <= source.length && isText(source, at, end) ? end : NOT_GOOD;
    }
    default:
      return NOT_GOOD;
  }
}

function uintAt(source: Buffer, at: number, bits: 8 | 16 | 32 | 64): number {
  if (bits === 8) return source[at] ?? 0;
  if (bits === 16) return source.readUInt16LE(at);
  if (bits === 32) return source.readUInt32LE(at);
  return source.readUInt32LE(at) + source.readUInt32LE(at + 4) * 2 ** 32;
}

/** Behind bytes that their number is written before, as short as it can be. */
function endOfCounted(source: Buffer, begin: number, maxBytes: number): number {
  let count = 0;
  for (let index = 0; index < VARINT_BYTES; index++) {
    const byte = source[begin + index] ?? 0;
    count |= (byte & 0x7f) << (7 * index);
    if (byte >= 0x80) continue;
    const isShortest = byte > 0 || index === 0;
    return isShortest && count <= maxBytes ? begin + index + 1 + count : NOT_GOOD;
  }
  return NOT_GOOD;
}

/** Whether there is well-formed text without NUL behind the number of its bytes. */
function isText(source: Buffer, from: number, to: number): boolean {
  let begin = from;
  while ((source[begin] ?? 0) >= 0x80) begin++;
  for (let at = begin + 1; at < to; at++) {
    const byte = source[at] ?? 0;
    if (byte === 0) return false;
    if (byte >= 0x80) return !source.subarray(at, to).includes(0) && isUtf8(source.subarray(begin + 1, to));
  }
  return true;
}
