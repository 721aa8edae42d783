import { type AttemptRecord, attemptType } from '../src/records/attempt.js';
import type { EntryForm } from '../src/records/names.js';
import { RowBinaryWriter } from '../src/records/row-binary.js';
import { HOUR_MS } from '../src/records/time-range.js';

/** The same attempts as every side takes them. */
export interface IngestRows {
  readonly count: number;
  /** Values of entries, by form. */
  readonly entries: Readonly<Record<EntryForm, readonly Buffer[]>>;
  /** Bodies of inserts of {@link BLOCK_ROWS} rows. */
  readonly jsonBlocks: readonly Buffer[];
  readonly rowBinaryBlocks: readonly Buffer[];
}

/** Rows of a direct insert: what a full batch of the worker holds by default. */
export const BLOCK_ROWS = 50_000;
/** What a producer puts into one entry of `records` and `rowbinary`. */
const ROWS_PER_ENTRY = 250;
const USERS = 500;
const ENDPOINTS_PER_USER = 4;
/** A backlog of so long, in the order of time. */
const SPAN_MS = 6 * HOUR_MS;

/** Attempts of a skewed share of users, up to `now`, the same for the same count and time. */
export function ingestRows(count: number, now: number): IngestRows {
  const random = randomOf(42);
  const attempts: AttemptRecord[] = [];
  for (let index = 0; index < count; index++) {
    const user = random() < 1 / 3 ? 0 : Math.floor(USERS * random() ** 2);
    const created_at = now - SPAN_MS + Math.floor((SPAN_MS * index) / count);
    const luck = random();
    const failed = luck >= 0.95;
    const response_time_ms = 20 + Math.floor(400 * random() ** 4);
    attempts.push({
      id: randomUuid(random),
      event_id: randomUuid(random),
      endpoint_id: uuidOf(1, user * ENDPOINTS_PER_USER + Math.floor(random() * ENDPOINTS_PER_USER)),
      user_id: uuidOf(2, user),
      attempt_number: failed && luck >= 0.98 ? 2 : 1,
      status: failed ? 'failed' : 'success',
      http_status_code: failed ? 503 : 200,
      response_time_ms,
      error_message: failed ? 'HTTP 503 Service Unavailable' : null,
      created_at,
      updated_at: created_at + response_time_ms,
    });
  }
  const lines = attempts.map((attempt) => Buffer.from(JSON.stringify(asSent(attempt))));
  const linesOf = (part: readonly Buffer[]): Buffer => Buffer.from(part.map((line) => `${line}\n`).join(''));
  return {
    count,
    entries: {
      record: lines,
      records: partsOf(lines, ROWS_PER_ENTRY).map(linesOf),
      rowbinary: partsOf(attempts, ROWS_PER_ENTRY).map(rowBinaryOf),
    },
    jsonBlocks: partsOf(lines, BLOCK_ROWS).map(linesOf),
    rowBinaryBlocks: partsOf(attempts, BLOCK_ROWS).map(rowBinaryOf),
  };
}

const asSent = (attempt: AttemptRecord): object => ({
  ...attempt,
  created_at: new Date(attempt.created_at).toISOString(),
  updated_at: new Date(attempt.updated_at).toISOString(),
});

function rowBinaryOf(attempts: readonly AttemptRecord[]): Buffer {
  const writer = new RowBinaryWriter();
  writer.raw(attemptType.rowBinaryHeader);
  for (const attempt of attempts) attemptType.writeRow(writer, attempt);
  return Buffer.from(writer.bytes());
}

function partsOf<T>(items: readonly T[], size: number): (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, part) =>
    items.slice(part * size, (part + 1) * size),
  );
}

/** Numbers from 0 up to, but not, 1: mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const uuidOfHex = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
const word = (value: number): string => Math.floor(value).toString(16).padStart(8, '0');
const randomUuid = (random: () => number): string =>
  uuidOfHex(Array.from({ length: 4 }, () => word(random() * 2 ** 32)).join(''));
const uuidOf = (kind: number, number: number): string => uuidOfHex(`${word(kind)}${word(0)}${word(0)}${word(number)}`);
