import { createHash } from 'node:crypto';
import { type AttemptRecord, type AttemptStatus, attemptType } from '../../src/records/attempt.js';
import { type EventRecord, eventType } from '../../src/records/event.js';

const WEAK_TO_STRONG: readonly AttemptStatus[] = ['pending', 'expired', 'failed', 'success'];
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Rows as texts that are the same for the same row wherever it came from, sorted. */
export type Rows = readonly string[];

/**
 * What both stores must hold: everything that an XADD was acknowledged for, less what became a dead letter. It shares
 * no code with the worker but the text of a row.
 */
export class Accepted {
  /** By id, user and time: only those who break the rule that an id names one attempt have several of an id. */
  readonly #attempts = new Map<string, AttemptRecord>();
  readonly #events = new Map<string, EventRecord>();
  readonly #refusedByPostgres = new Set<string>();
  /** Bad records, which become dead letters. */
  deadLetters = 0;

  attempt(attempt: AttemptRecord): void {
    const key = keyOf(attempt);
    const known = this.#attempts.get(key);
    if (known === undefined || replaces(attempt, known)) this.#attempts.set(key, attempt);
  }

  event(event: EventRecord): void {
    const known = this.#events.get(event.id);
    if (known === undefined || event.ingested_at < known.ingested_at) this.#events.set(event.id, event);
  }

  /** One whose id is another attempt's: a dead letter of the group `postgres` alone. */
  attemptOfUsedId(attempt: AttemptRecord): void {
    this.attempt(attempt);
    this.#refusedByPostgres.add(keyOf(attempt));
    this.deadLetters += 1;
  }

  clear(): void {
    this.#attempts.clear();
    this.#events.clear();
    this.#refusedByPostgres.clear();
    this.deadLetters = 0;
  }

  attemptRows(store: 'clickhouse' | 'postgres'): Rows {
    const all = [...this.#attempts].filter(([key]) => store === 'clickhouse' || !this.#refusedByPostgres.has(key));
    return all.map(([, attempt]) => attemptType.canonicalText(attempt)).sort();
  }

  eventRows(): Rows {
    return [...this.#events.values()].map((event) => eventType.canonicalText(event)).sort();
  }

  /** Every number of a rollup, one text a key: counted from the attempts one by one. */
  rollupRows(grain: 'hourly' | 'daily'): Rows {
    const unit = grain === 'hourly' ? HOUR_MS : DAY_MS;
    const sums = new Map<string, { attempts: number; latency: Map<number, number> }>();
    for (const attempt of this.#attempts.values()) {
      if (attempt.status === 'pending') continue;
      const { user_id, created_at, endpoint_id, status, http_status_code, attempt_number, response_time_ms } = attempt;
      const period = created_at - (created_at % unit);
      const key = rollupKey([user_id, period, endpoint_id, status, http_status_code ?? 0, attempt_number]);
      const sum = sums.get(key) ?? { attempts: 0, latency: new Map() };
      sums.set(key, sum);
      sum.attempts += 1;
      if (response_time_ms !== null) sum.latency.set(response_time_ms, (sum.latency.get(response_time_ms) ?? 0) + 1);
    }
    return [...sums].map(([key, { attempts, latency }]) => rollupText(key, attempts, [...latency])).sort();
  }
}

export const rollupKey = (parts: readonly (string | number)[]): string => parts.join('|');

export function rollupText(key: string, attempts: number, latency: readonly (readonly [number, number])[]): string {
  const counts = [...latency].sort(([a], [b]) => a - b).map(([ms, count]) => `${ms}x${count}`);
  return `${key} ${attempts} ${counts.join(' ')}`;
}

/** Says in a line how two sets of rows differ; null where they are the same. */
export function differenceOf(what: string, actual: Rows, expected: Rows): string | null {
  if (checksum(actual) === checksum(expected)) return null;
  const [have, want] = [new Set(actual), new Set(expected)];
  const missing = expected.filter((row) => !have.has(row));
  const unexpected = actual.filter((row) => !want.has(row));
  const repeated = actual.length - have.size;
  return (
    `${what}: ${actual.length} rows, expected ${expected.length}; ${missing.length} missing (${missing[0] ?? '-'}), ` +
    `${unexpected.length} unexpected (${unexpected[0] ?? '-'}), ${repeated} repeated`
  );
}

function checksum(rows: Rows): string {
  const hash = createHash('sha256');
  for (const row of rows) hash.update(row).update('\n');
  return hash.digest('hex');
}

const keyOf = ({ id, user_id, created_at }: AttemptRecord): string => `${id} ${user_id} ${created_at}`;

function replaces(attempt: AttemptRecord, known: AttemptRecord): boolean {
  if (attempt.updated_at !== known.updated_at) return attempt.updated_at > known.updated_at;
  return WEAK_TO_STRONG.indexOf(attempt.status) >= WEAK_TO_STRONG.indexOf(known.status);
}
