import { isUtf8 } from 'node:buffer';
import { Rejected } from '../src/records/codec.js';
import { ENTRY_FORMS, type EntryForm } from '../src/records/names.js';
import type { EntryContext, RecordType } from '../src/records/record-type.js';
import { RowBinaryError, RowBinaryReader } from '../src/records/row-binary.js';
import type { DeadLetter } from '../src/stores/redis/dead-letters.js';
import type { StreamEntry } from '../src/stores/redis/entry-group.js';

export interface DecodedEntry<R> {
  /** By the record's index in its entry; null where it was rejected. */
  readonly records: readonly (R | null)[];
  readonly rejected: readonly DeadLetter[];
}

/** Where the records of an entry are collected, good and bad ones in the order of their index. */
class Collector<R> {
  readonly records: (R | null)[] = [];
  readonly rejected: DeadLetter[] = [];

  constructor(private readonly entryId: string) {}

  reject(reason: string, payload: Buffer): void {
    this.rejected.push({ entryId: this.entryId, recordIndex: this.records.length, reason, payload });
    this.records.push(null);
  }
}

/**
 * The records of an entry. A bad one is rejected alone; a `rowbinary` entry that cannot be read, and one that has not
 * exactly one of the three fields, is rejected as a whole.
 */
export function decodeEntry<R>(type: RecordType<R>, entry: StreamEntry, retentionDays: number): DecodedEntry<R> {
  const context = { entryTime: entry.time, retentionDays };
  const collector = new Collector<R>(entry.id);
  const found = formOf(entry.fields);
  if (found === null) {
    collector.reject(`an entry must have exactly one field of ${ENTRY_FORMS.join(', ')}`, fieldsAsJson(entry.fields));
  } else if (found.form === 'rowbinary') {
    return decodeRowBinary(type, found.value, context, entry.id);
  } else if (found.form === 'record') {
    decodeJson(type, found.form, found.value, context, collector);
  } else {
    for (const line of linesOf(found.value)) decodeJson(type, found.form, line, context, collector);
  }
  return collector;
}

/** The bytes of one record of an entry, for a dead letter that is written after the entry was decoded. */
export function recordPayload<R>(type: RecordType<R>, entry: StreamEntry, recordIndex: number): Buffer {
  const found = formOf(entry.fields);
  if (found === null) return fieldsAsJson(entry.fields);
  if (found.form === 'record') return found.value;
  if (found.form === 'records') return linesOf(found.value)[recordIndex] ?? found.value;
  return rowsOf(type, found.value)[recordIndex] ?? found.value;
}

function formOf(fields: readonly Buffer[]): { form: EntryForm; value: Buffer } | null {
  let found: { form: EntryForm; value: Buffer } | null = null;
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at]?.toString('latin1');
    const form = ENTRY_FORMS.find((known) => known === name);
    const value = fields[at + 1];
    if (form === undefined || value === undefined) continue;
    if (found !== null) return null;
    found = { form, value };
  }
  return found;
}

function decodeJson<R>(
  type: RecordType<R>,
  form: EntryForm,
  bytes: Buffer,
  context: EntryContext,
  collector: Collector<R>,
): void {
  try {
    collector.records.push(type.parse(jsonOf(form, bytes), context));
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    collector.reject(error.message, bytes);
  }
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

/** The lines that are not blank, which do not count. */
function linesOf(value: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from < value.length; ) {
    const newline = value.indexOf(NEWLINE, from);
    const to = newline === -1 ? value.length : newline;
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
function decodeRowBinary<R>(
  type: RecordType<R>,
  value: Buffer,
  context: EntryContext,
  entryId: string,
): DecodedEntry<R> {
  const collector = new Collector<R>(entryId);
  try {
    const reader = rowsReader(type, value);
    while (!reader.done) {
      const from = reader.position;
      try {
        collector.records.push(type.readRow(reader, context));
      } catch (error) {
        if (!(error instanceof Rejected)) throw error;
        collector.reject(error.message, rowPayload(type, value, from, reader.position));
      }
    }
    return collector;
  } catch (error) {
    if (!(error instanceof RowBinaryError)) throw error;
    const whole = new Collector<R>(entryId);
    whole.reject(`rowbinary: cannot be read, ${error.message}`, value);
    return whole;
  }
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

function rowsReader<R>({ rowBinaryHeader }: RecordType<R>, value: Buffer): RowBinaryReader {
  if (!value.subarray(0, rowBinaryHeader.length).equals(rowBinaryHeader)) {
    throw new RowBinaryError('its header does not name exactly the columns of the stream, in their order');
  }
  return new RowBinaryReader(value.subarray(rowBinaryHeader.length));
}

/** `from` and `to` count from behind the header. */
const rowPayload = <R>({ rowBinaryHeader }: RecordType<R>, value: Buffer, from: number, to: number): Buffer =>
  Buffer.concat([rowBinaryHeader, value.subarray(rowBinaryHeader.length + from, rowBinaryHeader.length + to)]);

/** An entry in none of the forms, so that nothing of it is lost. */
function fieldsAsJson(fields: readonly Buffer[]): Buffer {
  const texts = fields.map((field) => field.toString('utf8'));
  return Buffer.from(JSON.stringify(texts));
}
