import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { UpstreamError } from '../../src/platform/errors.js';
import { type AttemptRecord, attemptType } from '../../src/records/attempt.js';
import type { EventRecord } from '../../src/records/event.js';
import type { EntryForm, RedisNames, StreamName } from '../../src/records/names.js';
import type { RedisDatabase } from '../../src/stores/redis/database.js';
import type { Accepted } from './accepted.js';
import { attemptOf, eventOf, rowBinaryOf, toJson } from './ingest.js';

const HOUR_MS = 3_600_000;
const ENTRIES_PER_TICK = 4;
export const TRAFFIC_USERS = Array.from({ length: 40 }, () => randomUUID());
const ENDPOINTS = Array.from({ length: 80 }, () => randomUUID());

const pick = <T>(values: readonly T[]): T => {
  const value = values[Math.floor(Math.random() * values.length)];
  if (value === undefined) throw new Error('there is nothing to pick from');
  return value;
};

/** An attempt of one of a few users, somewhere in the last three days. */
export const anyAttempt = (fields: Partial<AttemptRecord> = {}): AttemptRecord =>
  attemptOf({
    user_id: pick(TRAFFIC_USERS),
    endpoint_id: pick(ENDPOINTS),
    status: pick(['success', 'success', 'failed', 'expired']),
    http_status_code: pick([null, 200, 500]),
    response_time_ms: pick([null, 12, 40, 250]),
    attempt_number: pick([1, 1, 2, 3]),
    created_at: Date.now() - Math.floor(Math.random() * 72 * HOUR_MS) - HOUR_MS,
    ...fields,
  });

/**
 * A producer that sends each entry until Redis has acknowledged it, as one does that may lose nothing. What it has been
 * promised is accepted; an entry whose acknowledgement was lost is sent twice.
 */
export class FaultTraffic {
  /** Attempts that were sent as pending, and are to be finished. */
  readonly #pending: AttemptRecord[] = [];

  constructor(
    private readonly redis: RedisDatabase,
    private readonly names: RedisNames,
    private readonly accepted: Accepted,
  ) {}

  /** Sends about so many records a second, in every form, until the signal aborts. */
  async run(recordsPerSecond: number, signal: AbortSignal): Promise<void> {
    const perEntry = Math.max(1, Math.round(recordsPerSecond / (ENTRIES_PER_TICK * 20)));
    while (!signal.aborted) {
      const started = performance.now();
      for (let entry = 0; entry < ENTRIES_PER_TICK - 1; entry++) await this.attempts(this.#next(perEntry), pick(FORMS));
      await this.events(Array.from({ length: perEntry }, () => eventOf()));
      const rest = 50 - (performance.now() - started);
      if (rest > 0) await delay(rest);
    }
  }

  /** Forgets what was sent. */
  clear(): void {
    this.#pending.length = 0;
    this.accepted.clear();
  }

  /** Sends attempts in one entry, or in one each where the form takes one. */
  async attempts(attempts: readonly AttemptRecord[], form: EntryForm = 'records'): Promise<void> {
    for (const part of form === 'record' ? attempts.map((attempt) => [attempt]) : [attempts]) {
      await this.#add('delivery_attempts', form, bodyOf(form, part));
      for (const attempt of part) this.accepted.attempt(attempt);
    }
  }

  /** Attempts whose ids are others' already: Postgres refuses them. */
  async attemptsOfUsedIds(attempts: readonly AttemptRecord[]): Promise<void> {
    await this.#add('delivery_attempts', 'records', linesOf(attempts.map(toJson)));
    for (const attempt of attempts) this.accepted.attemptOfUsedId(attempt);
  }

  async events(events: readonly EventRecord[]): Promise<void> {
    await this.#add('events', 'records', linesOf(events.map(toJson)));
    for (const event of events) this.accepted.event(event);
  }

  /** Bad records, which are to become dead letters: values of the form `records`. */
  async poison(lines: readonly string[]): Promise<void> {
    await this.#add('delivery_attempts', 'records', lines.join('\n'));
    this.accepted.deadLetters += lines.length;
  }

  async #add(stream: StreamName, form: EntryForm, value: string | Buffer): Promise<void> {
    for (;;) {
      try {
        await this.redis.command('XADD', this.names.stream(stream), '*', form, value);
        return;
      } catch (error) {
        if (!(error instanceof UpstreamError) || !error.retryable) throw error;
        await delay(50);
      }
    }
  }

  /** New attempts, some of them pending, and the end of some that were. */
  #next(count: number): AttemptRecord[] {
    const finished = this.#pending.splice(0, Math.floor(count / 5)).map(
      (attempt): AttemptRecord => ({
        ...attempt,
        status: 'success',
        response_time_ms: 80,
        updated_at: attempt.updated_at + 1_000,
      }),
    );
    const begun = Array.from({ length: count - finished.length }, (_, index) =>
      index % 4 === 0 ? anyAttempt({ status: 'pending', response_time_ms: null }) : anyAttempt(),
    );
    this.#pending.push(...begun.filter(({ status }) => status === 'pending'));
    return [...finished, ...begun];
  }
}

const FORMS: readonly EntryForm[] = ['record', 'records', 'rowbinary'];

const linesOf = (records: readonly object[]): string => records.map((record) => JSON.stringify(record)).join('\n');

const bodyOf = (form: EntryForm, attempts: readonly AttemptRecord[]): string | Buffer =>
  form === 'rowbinary' ? rowBinaryOf(attemptType, attempts) : linesOf(attempts.map(toJson));
