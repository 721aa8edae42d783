import { randomUUID } from 'node:crypto';
import { startOfDay } from '../src/records/time-range.js';
import type { DeadLetter } from '../src/stores/redis/dead-letters.js';
import type { StreamEntry } from '../src/stores/redis/entry-group.js';
import type { Manifest } from '../src/stores/redis/manifests.js';
import { decodeEntry } from './entry.js';
import type { StreamKind } from './stream-kind.js';

/** When a batch is closed: whole entries are added until it has so much. */
export interface BatchLimits {
  readonly maxRows: number;
  readonly maxBytes: number;
  /** How long the first entry waits for more, milliseconds. */
  readonly maxAgeMs: number;
}

interface Row<R> {
  /** Its entry's place in the batch. */
  readonly entry: number;
  /** Its place in the entry. */
  readonly index: number;
  readonly record: R;
}

/** Whole entries that are written together and acknowledged together. */
export interface Batch<R> {
  /** Names the batch for ever. */
  readonly token: string;
  /** Whether its manifest is in Redis, written by whoever formed the batch. */
  readonly recorded: boolean;
  /** In the order of the stream. */
  readonly entryIds: readonly string[];
  readonly entries: readonly StreamEntry[];
  /** What is to be written: of several records with one key only the one that stands, since views see every row. */
  readonly records: readonly R[];
  /** Every good record, for finding the places of those that a store refuses. */
  readonly rows: readonly Row<R>[];
  /** As in the manifest. */
  readonly skipped: readonly number[];
  /** As in the manifest. */
  readonly days: readonly number[];
  readonly rejected: readonly DeadLetter[];
}

/** Collects entries for one batch. */
export class BatchBuilder<R> {
  readonly #entries: StreamEntry[] = [];
  readonly #rows: Row<R>[] = [];
  readonly #rejected: DeadLetter[] = [];
  readonly #skipped: number[] = [];
  #records = 0;
  #bytes = 0;

  constructor(
    private readonly kind: StreamKind<R>,
    private readonly retentionDays: number,
  ) {}

  /** Records so far, bad ones too. */
  get records(): number {
    return this.#records;
  }

  /** Bytes of the entries so far. */
  get bytes(): number {
    return this.#bytes;
  }

  get entries(): number {
    return this.#entries.length;
  }

  add(entry: StreamEntry): void {
    const place = this.#entries.push(entry) - 1;
    const { records, rejected } = decodeEntry(this.kind.type, entry, this.retentionDays);
    for (const [index, record] of records.entries()) {
      if (record === null) this.#skipped.push(place, index);
      else this.#rows.push({ entry: place, index, record });
    }
    for (const letter of rejected) this.#rejected.push(letter);
    this.#records += records.length;
    this.#bytes += entry.bytes;
  }

  build(): Batch<R> {
    const standing = standingRows(this.kind, this.#rows);
    const records = standing.map(({ record }) => record);
    const stands = standing.length < this.#rows.length ? new Set(standing) : undefined;
    const replaced = stands === undefined ? [] : this.#rows.filter((row) => !stands.has(row));
    return {
      token: randomUUID(),
      recorded: false,
      entryIds: this.#entries.map(({ id }) => id),
      entries: this.#entries,
      records,
      rows: this.#rows,
      skipped: [...this.#skipped, ...replaced.flatMap(({ entry, index }) => [entry, index])],
      days: daysOf(this.kind, records),
      rejected: this.#rejected,
    };
  }
}

function daysOf<R>({ statistics }: StreamKind<R>, records: readonly R[]): number[] {
  const days = new Set<number>();
  for (const record of records) {
    const touched = statistics(record);
    if (touched !== null) days.add(startOfDay(touched.hour));
  }
  return [...days];
}

/** In the order in which their keys first appeared: an id belongs to whoever used it first. */
function standingRows<R>({ key, replaces }: StreamKind<R>, rows: readonly Row<R>[]): Row<R>[] {
  const standing = new Map<string, Row<R>>();
  for (const row of rows) {
    const keyOfRow = key(row.record);
    const earlier = standing.get(keyOfRow);
    if (earlier === undefined || replaces(row.record, earlier.record)) standing.set(keyOfRow, row);
  }
  return [...standing.values()];
}

/**
 * The batch that a manifest tells of, from its entries. Nothing is judged anew: the retention may have been changed
 * since, and the token is only right for the same rows. Entries that are gone are left out.
 */
export function rebuildBatch<R>(kind: StreamKind<R>, manifest: Manifest, entries: readonly StreamEntry[]): Batch<R> {
  const { token, entryIds, skipped, days } = manifest;
  const placeOf = new Map(entryIds.map((id, place) => [id, place]));
  const skippedPositions = new Set<string>();
  for (let at = 0; at + 1 < skipped.length; at += 2) skippedPositions.add(`${skipped[at]}/${skipped[at + 1]}`);
  const rows: Row<R>[] = [];
  for (const entry of entries) {
    const place = placeOf.get(entry.id) ?? -1;
    for (const [index, record] of decodeEntry(kind.type, entry, Number.POSITIVE_INFINITY).records.entries()) {
      if (skippedPositions.has(`${place}/${index}`)) continue;
      if (record === null) {
        throw new Error(`record ${index} of entry ${entry.id} is bad, though batch ${token} was formed with it`);
      }
      rows.push({ entry: place, index, record });
    }
  }
  const records = rows.map(({ record }) => record);
  return { token, recorded: true, entryIds, entries, records, rows, skipped, days, rejected: [] };
}
