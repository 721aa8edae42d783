import { setTimeout as delay } from 'node:timers/promises';
import type { AttemptRecord } from '../../src/records/attempt.js';
import type { EventRecord } from '../../src/records/event.js';
import type { EntryForm } from '../../src/records/names.js';
import { DAY_MS } from '../../src/records/time-range.js';
import { Accepted } from './accepted.js';
import { FaultTraffic } from './fault-traffic.js';
import { attemptOf, eventOf, type IngestStack } from './ingest.js';
import type { RehearsalHistory } from './rehearsal-history.js';
import { until } from './until.js';

const TICKS_A_SECOND = 10;
/** Ticks between two attempts that come late. */
const LATE_EVERY = 5;
const FORMS: readonly EntryForm[] = ['record', 'records', 'rowbinary'];

interface TrafficOptions {
  readonly history: RehearsalHistory;
  readonly rate: number;
}

/**
 * The product at work: events and attempts of this moment, some of them pending and ended later; and late ones, which
 * belong to days long past or end an attempt of the history. The first tenant is left alone.
 */
export class RehearsalTraffic {
  readonly accepted = new Accepted();
  /** As they were sent. */
  readonly attempts: AttemptRecord[];
  readonly events: EventRecord[];
  readonly #producer: FaultTraffic;
  readonly #options: TrafficOptions;
  readonly #legacyPending: AttemptRecord[];
  #open: AttemptRecord[] = [];
  /** Nothing before this time is sent or changed. */
  #heldBefore: number | null = null;
  #isHeld = false;
  #ticks = 0;

  constructor({ redis, names }: Pick<IngestStack, 'redis' | 'names'>, options: TrafficOptions) {
    const { attempts, events, tenants } = options.history;
    this.#options = options;
    this.#producer = new FaultTraffic(redis, names, this.accepted);
    this.attempts = [...attempts];
    this.events = [...events];
    for (const attempt of attempts) this.accepted.attempt(attempt);
    for (const event of events) this.accepted.event(event);
    const frozen = tenants[0]?.userId;
    this.#legacyPending = attempts.filter(({ status, user_id }) => status === 'pending' && user_id !== frozen);
  }

  /** Flows until the signal aborts; then everything that began has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const perTick = Math.max(1, Math.round(this.#options.rate / TICKS_A_SECOND / 3));
    while (!signal.aborted) {
      await this.#tick(perTick);
      await delay(1_000 / TICKS_A_SECOND);
    }
    await this.#finish(() => true);
  }

  /**
   * Lets nothing change any more that lies before a time, while what is of this moment flows on. Resolves to that time
   * once all of it has been sent.
   */
  async hold(): Promise<number> {
    this.#isHeld = false;
    const before = Date.now();
    this.#heldBefore = before;
    await until('what lies before has been sent', () => this.#isHeld);
    return before;
  }

  release(): void {
    this.#heldBefore = null;
  }

  /** Sends some of what was sent before once more, and some with another final status. */
  async correct(count: number): Promise<void> {
    const sent = this.attempts
      .slice(this.#options.history.attempts.length)
      .filter(({ status }) => status !== 'pending');
    const last = sent.slice(Math.max(0, sent.length - count));
    await this.#send(last);
    await this.#send(last.map(corrected));
  }

  async #tick(count: number): Promise<void> {
    const before = this.#heldBefore;
    const now = Date.now();
    this.#ticks += 1;
    const events = Array.from({ length: count }, () => eventOf({ ingested_at: now }));
    await this.#sendEvents(events);
    const begun = events.map(({ id }, index) => this.#attempt(now, { event_id: id }, index));
    this.#open.push(...begun.filter(({ status }) => status === 'pending'));
    await this.#send(begun);
    if (before === null) {
      await this.#finish(({ created_at }) => created_at < now - 300);
      if (this.#ticks % LATE_EVERY === 0) await this.#send(this.#late(now));
    } else {
      await this.#finish(({ created_at }) => created_at < before);
      this.#isHeld = true;
    }
  }

  /** What belongs to days past: the end of a pending attempt, and a new one. */
  #late(now: number): AttemptRecord[] {
    const old = now - Math.floor(Math.random() * (this.#options.history.days - 1) * DAY_MS);
    const pending = this.#legacyPending.splice(0, 1).map((attempt) => ended(attempt, now));
    return [...pending, this.#attempt(old, { status: 'success', response_time_ms: 33, updated_at: old + 33 }, 1)];
  }

  #attempt(created_at: number, fields: Partial<AttemptRecord>, index: number): AttemptRecord {
    const tenants = this.#options.history.tenants.slice(1);
    const tenant = pick(tenants);
    const status = index % 4 === 0 ? 'pending' : pick(['success', 'success', 'failed'] as const);
    return attemptOf({
      user_id: tenant.userId,
      endpoint_id: pick(pick(tenant.applications).endpointIds),
      attempt_number: pick([1, 1, 2]),
      status,
      http_status_code: status === 'pending' ? null : status === 'success' ? 200 : 503,
      response_time_ms: status === 'pending' ? null : pick([null, 12, 40, 250]),
      created_at,
      ...fields,
    });
  }

  async #finish(isDue: (attempt: AttemptRecord) => boolean): Promise<void> {
    const due = this.#open.filter(isDue);
    this.#open = this.#open.filter((attempt) => !isDue(attempt));
    await this.#send(due.map((attempt) => ended(attempt, Date.now())));
  }

  async #send(attempts: readonly AttemptRecord[]): Promise<void> {
    if (attempts.length === 0) return;
    await this.#producer.attempts(attempts, FORMS[this.#ticks % FORMS.length]);
    this.attempts.push(...attempts);
  }

  async #sendEvents(events: readonly EventRecord[]): Promise<void> {
    await this.#producer.events(events);
    this.events.push(...events);
  }
}

const ended = (attempt: AttemptRecord, at: number): AttemptRecord => ({
  ...attempt,
  status: 'success',
  http_status_code: 200,
  response_time_ms: 80,
  updated_at: Math.max(at, attempt.updated_at + 1),
});

const corrected = (attempt: AttemptRecord): AttemptRecord => ({
  ...attempt,
  status: attempt.status === 'failed' ? 'success' : 'failed',
  http_status_code: attempt.status === 'failed' ? 200 : 500,
  updated_at: attempt.updated_at + 1,
});

function pick<T>(values: readonly T[]): T {
  const value = values[Math.floor(Math.random() * values.length)];
  if (value === undefined) throw new Error('there is nothing to pick from');
  return value;
}
