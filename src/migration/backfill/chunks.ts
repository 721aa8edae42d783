import { DAY_MS, HOUR_MS, startOfDay } from '../../records/time-range.js';
import type { PlannedChunk } from '../../stores/postgres/backfill-store.js';

/** What is copied in one go: lost when the backfill is killed half-way, about a second's work. */
const CHUNK_ROWS = 250_000;

/**
 * Cuts a table into half-open chunks, none longer than a UTC day, from how many rows each hour has. What is older than
 * `retentionFrom`, which is a full hour, is one expired chunk a day.
 */
export function chunksOf(
  rowsByHour: ReadonlyMap<number, number>,
  retentionFrom: number,
  chunkRows: number = CHUNK_ROWS,
): PlannedChunk[] {
  const chunks: PlannedChunk[] = [];
  let open: PlannedChunk | undefined;
  for (const [hour, rows] of [...rowsByHour].sort(([a], [b]) => a - b)) {
    const expired = hour < retentionFrom;
    const fits =
      open !== undefined &&
      open.expired === expired &&
      startOfDay(open.range.from) === startOfDay(hour) &&
      (expired || open.rows + rows <= chunkRows);
    if (open !== undefined && fits) {
      open = { expired, rows: open.rows + rows, range: { from: open.range.from, to: hour + HOUR_MS } };
      continue;
    }
    if (open !== undefined) chunks.push(...split(open, chunkRows));
    open = { expired, rows, range: { from: hour, to: hour + HOUR_MS } };
  }
  if (open !== undefined) chunks.push(...split(open, chunkRows));
  return chunks;
}

/** A chunk that has too many rows, an hour as a rule, as parts of equal length. */
function split(chunk: PlannedChunk, chunkRows: number): PlannedChunk[] {
  const { from, to } = chunk.range;
  const parts = chunk.expired ? 1 : Math.min(Math.ceil(chunk.rows / chunkRows), to - from);
  if (parts <= 1) return [chunk];
  const border = (index: number): number => from + Math.floor(((to - from) * index) / parts);
  const rowsBefore = (index: number): number => Math.floor((chunk.rows * index) / parts);
  return Array.from({ length: parts }, (_, index) => ({
    expired: false,
    rows: rowsBefore(index + 1) - rowsBefore(index),
    range: { from: border(index), to: border(index + 1) },
  }));
}

/** The hour at which what is kept begins: what is older by up to an hour is copied too, and nobody is shown it. */
export const retentionStart = (now: number, days: number): number => {
  const from = now - days * DAY_MS;
  return from - (from % HOUR_MS);
};
