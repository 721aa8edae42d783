import type { AttemptRecord } from '../records/attempt.js';
import type { EventRecord } from '../records/event.js';
import type { Traffic } from '../stores/redis/producer.js';
import type { EventFeed, Subscriber } from './feed.js';
import { MAX_ATTEMPTS, type Outcome, outcomeOf } from './health.js';
import type { Random } from './random.js';
import { finishedAttempt, pendingAttempt, RETRY_DELAYS_MS } from './traffic.js';

/** An attempt on its way: its outcome is decided, and told at `dueAt`. */
interface Started {
  readonly event: EventRecord;
  readonly subscriber: Subscriber;
  readonly attempt: AttemptRecord;
  readonly outcome: Outcome;
}

interface Retry {
  readonly event: EventRecord;
  readonly subscriber: Subscriber;
  readonly attemptNumber: number;
}

/** Some attempts are told of when they begin, and again with their outcome; the others with their outcome only. */
const TOLD_WHEN_BEGUN = 0.3;

/**
 * Traffic as it happens, with the time passed in. A delivery goes: begun -> outcome due -> told, and where it failed
 * -> retry due -> begun again, until it succeeds or its last attempt has expired.
 */
export class LiveTraffic {
  readonly #outcomes = new Agenda<Started>();
  readonly #retries = new Agenda<Retry>();
  #events: EventRecord[] = [];
  #attempts: AttemptRecord[] = [];
  #eventCount = 0;
  #attemptCount = 0;

  constructor(
    private readonly feed: EventFeed,
    private readonly random: Random,
  ) {}

  get report(): { readonly events: number; readonly attempts: number } {
    return { events: this.#eventCount, attempts: this.#attemptCount };
  }

  /** What happens up to `now`, with attempts begun until there were `attempts` of them since the beginning. */
  advance(now: number, attempts: number): Traffic {
    for (const started of this.#outcomes.due(now)) this.#tell(started, now);
    if (this.#attemptCount < attempts) {
      for (const { event, subscriber, attemptNumber } of this.#retries.due(now)) {
        this.#begin(event, subscriber, attemptNumber, now);
      }
    }
    while (this.#attemptCount < attempts) {
      const { event, subscribers } = this.feed.next(now, this.random);
      this.#events.push(event);
      this.#eventCount++;
      for (const subscriber of subscribers) this.#begin(event, subscriber, 1, now);
    }
    return this.#take();
  }

  /** The outcome of all that is under way, ahead of its time; nothing is retried any more. */
  finish(): Traffic {
    for (const { attempt, outcome } of this.#outcomes.due(Number.POSITIVE_INFINITY)) {
      this.#attempts.push(finishedAttempt(attempt, outcome));
    }
    return this.#take();
  }

  #begin(event: EventRecord, subscriber: Subscriber, attemptNumber: number, now: number): void {
    const attempt = pendingAttempt(event, subscriber, attemptNumber, now, this.random);
    const outcome = outcomeOf(subscriber.health, attemptNumber, now, this.random);
    this.#attemptCount++;
    if (this.random.chance(TOLD_WHEN_BEGUN)) this.#attempts.push(attempt);
    this.#outcomes.add(now + outcome.durationMs, { event, subscriber, attempt, outcome });
  }

  #tell({ event, subscriber, attempt, outcome }: Started, now: number): void {
    this.#attempts.push(finishedAttempt(attempt, outcome));
    if (outcome.status === 'success' || attempt.attempt_number === MAX_ATTEMPTS) return;
    const dueAt = now + (RETRY_DELAYS_MS[attempt.attempt_number - 1] ?? 0);
    this.#retries.add(dueAt, { event, subscriber, attemptNumber: attempt.attempt_number + 1 });
  }

  #take(): Traffic {
    const taken = { events: this.#events, attempts: this.#attempts };
    this.#events = [];
    this.#attempts = [];
    return taken;
  }
}

/** Things to come, by the second they are due in. */
class Agenda<T> {
  readonly #bySecond = new Map<number, { dueAt: number; item: T }[]>();
  #next = Number.POSITIVE_INFINITY;

  add(dueAt: number, item: T): void {
    const second = Math.floor(dueAt / 1000);
    const list = this.#bySecond.get(second);
    if (list === undefined) this.#bySecond.set(second, [{ dueAt, item }]);
    else list.push({ dueAt, item });
    this.#next = Math.min(this.#next, second);
  }

  /** Takes what is due by `now`, the earliest second first. */
  due(now: number): T[] {
    const due: T[] = [];
    const last = Math.floor(now / 1000);
    if (this.#next > last) return due;
    for (const second of [...this.#bySecond.keys()].filter((second) => second <= last).sort((a, b) => a - b)) {
      const list = this.#bySecond.get(second) ?? [];
      const later = list.filter(({ dueAt }) => dueAt > now);
      due.push(...list.filter(({ dueAt }) => dueAt <= now).map(({ item }) => item));
      if (later.length === 0) this.#bySecond.delete(second);
      else this.#bySecond.set(second, later);
    }
    this.#next = Math.min(...this.#bySecond.keys());
    return due;
  }
}
