import { randomUUID } from 'node:crypto';
import { groupEqual } from '../src/records/row-groups.js';
import { Rows } from '../src/records/rows.js';
import { startOfDay } from '../src/records/time-range.js';
import type { DeadLetter } from '../src/stores/redis/dead-letters.js';
import { EntryIds } from '../src/stores/redis/entry-ids.js';
import type { Manifest } from '../src/stores/redis/manifests.js';
import { idOf, type StreamEntry } from '../src/stores/redis/stream-entry.js';
import { EntryReader } from './entry.js';
import { changedHours, type HoursByUser } from './notices.js';
import type { StreamKind } from './stream-kind.js';

/** When a batch is closed: whole entries are added until it has so much. */
export interface BatchLimits {
  readonly maxRows: number;
  readonly maxBytes: number;
  /** How long the first entry waits for more, milliseconds. */
  readonly maxAgeMs: number;
}

/** A span has no more links by OpenTelemetry's default, and keeps the first. */
const MAX_TRACES = 128;

/** Where a record came from. */
interface Position {
  /** Its place among the entries of the batch. */
  readonly entry: number;
  /** Its place in the entry. */
  readonly index: number;
}

/** Whole entries that are written together and acknowledged together. */
export interface Batch<R> {
  /** Names the batch for ever. */
  readonly token: string;
  /** Whether its manifest is in Redis, written by whoever formed the batch. */
  readonly recorded: boolean;
  readonly entryIds: EntryIds;
  /** The traces that the first {@link MAX_TRACES} of its entries that name one were sent in. */
  readonly traces: readonly string[];
  /** Every good record. */
  readonly rows: Rows<R>;
  /**
   * The rows to be written: of several with one key only the one that stands, since views see every row. In the order
   * in which their keys first appeared: an id belongs to whoever used it first.
   */
  readonly standing: Int32Array;
  /** Whose statistics change. */
  readonly hours: HoursByUser;
  /** As in the manifest. */
  readonly skipped: readonly number[];
  /** As in the manifest. */
  readonly days: readonly number[];
  readonly rejected: readonly DeadLetter[];
  /** Where the record of a row came from. */
  positionOf(row: number): Position;
}

/** Collects entries for one batch. */
export class BatchBuilder<R> {
  readonly #entryIds = new EntryIds();
  readonly #traces: string[] = [];
  readonly #reader: EntryReader<R>;
  readonly #rows: Rows<R>;
  /** Of each entry: its first row, and the indexes of its bad records. */
  readonly #firstRows: number[] = [];
  readonly #badIndexes = new Map<number, readonly number[]>();
  readonly #rejected: DeadLetter[] = [];
  #records = 0;
  #bytes = 0;

  /** `expectedBytes` is about how large its rows will be, where that is known. */
  constructor(
    private readonly kind: StreamKind<R>,
    retentionDays: number,
    expectedBytes?: number,
  ) {
    this.#reader = new EntryReader(kind.type, retentionDays);
    this.#rows = new Rows(kind.type, expectedBytes);
  }

  /** Records so far, bad ones too. */
  get records(): number {
    return this.#records;
  }

  /** Bytes of the entries so far. */
  get bytes(): number {
    return this.#bytes;
  }

  get entries(): number {
    return this.#entryIds.count;
  }

  /** Nothing of the entry is kept but its id and what it says. */
  add(entry: StreamEntry): void {
    const place = this.#entryIds.count;
    this.#entryIds.add(entry.ids, entry.idFrom, entry.idTo);
    this.#firstRows.push(this.#rows.count);
    const { records, rejected } = this.#reader.read(entry, this.#rows);
    if (rejected.length > 0) {
      const indexes = rejected.map(({ recordIndex }) => recordIndex);
      this.#badIndexes.set(place, indexes);
    }
    for (const letter of rejected) this.#rejected.push(letter);
    if (entry.traceparent !== null && this.#traces.length < MAX_TRACES) this.#traces.push(entry.traceparent);
    this.#records += records;
    this.#bytes += entry.bytes;
  }

  build(): Batch<R> {
    const rows = this.#rows;
    const standing = standingRows(this.kind, rows);
    const hours = changedHours(this.kind, rows, standing);
    const positionOf = (row: number): Position => this.#positionOf(row);
    return {
      token: randomUUID(),
      recorded: false,
      entryIds: this.#entryIds,
      traces: this.#traces,
      rows,
      standing,
      hours,
      skipped: [...this.#badPositions(), ...replacedRows(rows, standing).map(positionOf)].flatMap(
        ({ entry, index }) => [entry, index],
      ),
      days: daysOf(hours),
      rejected: this.#rejected,
      positionOf,
    };
  }

  #badPositions(): Position[] {
    return [...this.#badIndexes].flatMap(([entry, indexes]) => indexes.map((index) => ({ entry, index })));
  }

  #positionOf(row: number): Position {
    let [low, high] = [0, this.#firstRows.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#firstRows[middle] ?? 0) <= row) low = middle;
      else high = middle - 1;
    }
    let index = row - (this.#firstRows[low] ?? 0);
    for (const bad of this.#badIndexes.get(low) ?? []) if (bad <= index) index += 1;
    return { entry: low, index };
  }
}

function daysOf(hours: HoursByUser): number[] {
  const days = new Set<number>();
  for (const ofUser of hours.values()) for (const hour of ofUser) days.add(startOfDay(hour));
  return [...days];
}

function standingRows<R>(kind: StreamKind<R>, rows: Rows<R>): Int32Array {
  const { groupOf, firsts } = groupEqual(
    rows.count,
    (row) => kind.keyHash(rows, row),
    (one, other) => kind.hasSameKey(rows, one, other),
  );
  if (firsts.length === rows.count) return firsts;
  const standing = firsts.slice();
  for (let row = 0; row < rows.count; row++) {
    const group = groupOf[row] ?? 0;
    const earlier = standing[group] ?? 0;
    if (row !== earlier && kind.replaces(rows, row, earlier)) standing[group] = row;
  }
  return standing;
}

function replacedRows<R>(rows: Rows<R>, standing: Int32Array): number[] {
  if (standing.length === rows.count) return [];
  const stands = new Set(standing);
  return Array.from({ length: rows.count }, (_, row) => row).filter((row) => !stands.has(row));
}

/**
 * The batch that a manifest tells of, from its entries. Nothing is judged anew: the retention may have been changed
 * since, and the token is only right for the same rows. Entries that are gone are left out.
 */
export function rebuildBatch<R>(kind: StreamKind<R>, manifest: Manifest, entries: readonly StreamEntry[]): Batch<R> {
  const { token, entryIds, skipped, days } = manifest;
  const placeOf = new Map(entryIds.list().map((id, place) => [id, place]));
  const skippedPositions = new Set<string>();
  for (let at = 0; at + 1 < skipped.length; at += 2) skippedPositions.add(`${skipped[at]}/${skipped[at + 1]}`);
  const rows = new Rows(kind.type);
  const reader = new EntryReader(kind.type, Number.POSITIVE_INFINITY);
  const positions: Position[] = [];
  const standing: number[] = [];
  for (const entry of entries) {
    const place = placeOf.get(idOf(entry)) ?? -1;
    const { records, rejected } = reader.read(entry, rows);
    const bad = new Set(rejected.map(({ recordIndex }) => recordIndex));
    for (let index = 0; index < records; index++) {
      const isSkipped = skippedPositions.has(`${place}/${index}`);
      if (bad.has(index)) {
        if (isSkipped) continue;
        throw new Error(`record ${index} of entry ${idOf(entry)} is bad, though batch ${token} was formed with it`);
      }
      const row = positions.push({ entry: place, index }) - 1;
      if (!isSkipped) standing.push(row);
    }
  }
  const stands = Int32Array.from(standing);
  return {
    token,
    recorded: true,
    entryIds,
    traces: [],
    rows,
    standing: stands,
    hours: changedHours(kind, rows, stands),
    skipped,
    days,
    rejected: [],
    positionOf: (row) => positions[row] ?? { entry: -1, index: -1 },
  };
}
