import { isUtf8 } from 'node:buffer';
import { Rejected } from '../src/records/codec.js';
import { JsonRows } from '../src/records/json-row.js';
import { ENTRY_FORMS, type EntryForm } from '../src/records/names.js';
import type { EntryContext, RecordType } from '../src/records/record-type.js';
import { RowBinaryError, RowBinaryReader } from '../src/records/row-binary.js';
import { RowCheck } from '../src/records/row-check.js';
import type { Rows } from '../src/records/rows.js';
import type { DeadLetter } from '../src/stores/redis/dead-letters.js';
import { idOf, type StreamEntry } from '../src/stores/redis/stream-entry.js';

/** What was found in an entry. Its good records are appended to the rows. */
interface EntryOutcome {
  /** How many records it has, bad ones too. */
  readonly records: number;
  readonly rejected: readonly DeadLetter[];
}

/** Where the records of an entry are counted, bad ones collected. */
class Collector {
  records = 0;
  readonly rejected: DeadLetter[] = [];

  constructor(private readonly entry: StreamEntry) {}

  /** The payload is copied, since it outlives the entry's bytes. */
  reject(reason: string, payload: Buffer): void {
    const [entryId, recordIndex] = [idOf(this.entry), this.records];
    this.rejected.push({ entryId, recordIndex, reason, payload: Buffer.from(payload) });
    this.records += 1;
  }
}

/**
 * Reads the records of entries into rows. A bad one is rejected alone; a `rowbinary` entry that cannot be read, and one
 * that has not exactly one of the three fields, is rejected as a whole. Records of the usual shape become rows without
 * an object between; all others go the long way, with the same result.
 */
export class EntryReader<R> {
  readonly #json: JsonRows<R>;
  readonly #check: RowCheck<R>;

  constructor(
    private readonly type: RecordType<R>,
    private readonly retentionDays: number,
  ) {
    this.#json = new JsonRows(type);
    this.#check = new RowCheck(type);
  }

  read(entry: StreamEntry, rows: Rows<R>): EntryOutcome {
    const context = { entryTime: entry.time, retentionDays: this.retentionDays };
    const collector = new Collector(entry);
    const { form, source, from, to } = entry;
    if (form === null) {
      const reason = `an entry must have exactly one field of ${ENTRY_FORMS.join(', ')}`;
      collector.reject(reason, source.subarray(from, to));
    } else if (form === 'rowbinary') {
      return this.#readRowBinary(source.subarray(from, to), context, rows, entry);
    } else if (form === 'record') {
      this.#readJson(form, source, from, to, context, rows, collector);
    } else {
      for (let begin = from; begin < to; ) {
        const end = endOfLine(source, begin, to);
        if (!isBlank(source, begin, end)) this.#readJson(form, source, begin, end, context, rows, collector);
        begin = end + 1;
      }
    }
    return collector;
  }

  #readJson(
    form: EntryForm,
    source: Buffer,
    from: number,
    to: number,
    context: EntryContext,
    rows: Rows<R>,
    collector: Collector,
  ): void {
    if (this.#json.append(source, from, to, context, rows.writer)) {
      rows.endRow();
      collector.records += 1;
      return;
    }
    const bytes = source.subarray(from, to);
    try {
      rows.append(this.type.parse(jsonOf(form, bytes), context));
      collector.records += 1;
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      collector.reject(error.message, bytes);
    }
  }

  #readRowBinary(value: Buffer, context: EntryContext, rows: Rows<R>, entry: StreamEntry): EntryOutcome {
    const ends = this.#endsOfGood(value, context);
    if (ends === null) return readRowByRow(this.type, value, context, rows, entry);
    rows.appendAll(value, this.type.rowBinaryHeader.length, ends);
    return { records: ends.length, rejected: [] };
  }

  /** Where each row ends, if all of them are good. */
  #endsOfGood(value: Buffer, context: EntryContext): number[] | null {
    if (!hasHeader(this.type, value)) return null;
    const ends: number[] = [];
    for (let at = this.type.rowBinaryHeader.length; at < value.length; ends.push(at)) {
      at = this.#check.endOfGood(value, at, context);
      if (at === -1) return null;
    }
    return ends;
  }
}

/** Finds the bytes of one record after the other, for dead letters that are written after the entry was read. */
export function payloadsOf<R>(
  type: RecordType<R>,
  { form, source, from, to }: StreamEntry,
): (recordIndex: number) => Buffer {
  const value = source.subarray(from, to);
  if (form === null || form === 'record') return () => value;
  const payloads = form === 'records' ? linesOf(value) : rowsOf(type, value);
  return (recordIndex) => payloads[recordIndex] ?? value;
}

function jsonOf(form: EntryForm, bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new Rejected(`${form}: must be UTF-8`);
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new Rejected(`${form}: must be JSON`);
  }
}

const NEWLINE = 0x0a;

function endOfLine(source: Buffer, from: number, to: number): number {
  const newline = source.indexOf(NEWLINE, from);
  return newline === -1 || newline > to ? to : newline;
}

/** The lines that are not blank, which do not count. */
function linesOf(value: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from < value.length; ) {
    const to = endOfLine(value, from, value.length);
    if (!isBlank(value, from, to)) lines.push(value.subarray(from, to));
    from = to + 1;
  }
  return lines;
}

/** Whether there is nothing but what JSON calls white space. */
function isBlank(value: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = value[at];
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  }
  return true;
}

/** Rows are taken only once all of them could be read. A bad row is rejected with a header of its own before it. */
function readRowByRow<R>(
  type: RecordType<R>,
  value: Buffer,
  context: EntryContext,
  rows: Rows<R>,
  entry: StreamEntry,
): EntryOutcome {
  const collector = new Collector(entry);
  const good: R[] = [];
  try {
    const reader = rowsReader(type, value);
    while (!reader.done) {
      const from = reader.position;
      try {
        good.push(type.readRow(reader, context));
        collector.records += 1;
      } catch (error) {
        if (!(error instanceof Rejected)) throw error;
        collector.reject(error.message, rowPayload(type, value, from, reader.position));
      }
    }
  } catch (error) {
    if (!(error instanceof RowBinaryError)) throw error;
    const whole = new Collector(entry);
    whole.reject(`rowbinary: cannot be read, ${error.message}`, value);
    return whole;
  }
  for (const record of good) rows.append(record);
  return collector;
}

function rowsOf<R>(type: RecordType<R>, value: Buffer): Buffer[] {
  const anyTime = { entryTime: 0, retentionDays: Number.POSITIVE_INFINITY };
  const rows: Buffer[] = [];
  for (const reader = rowsReader(type, value); !reader.done; ) {
    const from = reader.position;
    try {
      type.readRow(reader, anyTime);
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
    }
    rows.push(rowPayload(type, value, from, reader.position));
  }
  return rows;
}

const hasHeader = <R>({ rowBinaryHeader }: RecordType<R>, value: Buffer): boolean =>
  value.subarray(0, rowBinaryHeader.length).equals(rowBinaryHeader);

function rowsReader<R>(type: RecordType<R>, value: Buffer): RowBinaryReader {
  if (!hasHeader(type, value)) {
    throw new RowBinaryError('its header does not name exactly the columns of the stream, in their order');
  }
  return new RowBinaryReader(value.subarray(type.rowBinaryHeader.length));
}

/** `from` and `to` count from behind the header. */
const rowPayload = <R>({ rowBinaryHeader }: RecordType<R>, value: Buffer, from: number, to: number): Buffer =>
  Buffer.concat([rowBinaryHeader, value.subarray(rowBinaryHeader.length + from, rowBinaryHeader.length + to)]);
