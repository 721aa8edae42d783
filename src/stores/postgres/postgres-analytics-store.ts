import type { AttemptRecord } from '../../records/attempt.js';
import type { EventRecord } from '../../records/event.js';
import type {
  AnalyticsStore,
  AttemptPageQuestion,
  AttemptsQuestion,
  BreakdownQuestion,
  BreakdownRow,
  DailyStatsQuestion,
  DeliveryCounters,
  DeliveryStatsAnswer,
  DeliveryStatsQuestion,
  EventPageQuestion,
  EventsQuestion,
  QueryOptions,
} from '../analytics-store.js';
import { breakdownAnswer, dailyAnswer, rowsByScope, statsAnswer } from '../scoped-stats.js';
import { attemptPage } from './attempt-page.js';
import { attemptsByKey } from './attempts-by-key.js';
import { breakdown } from './breakdown.js';
import { dailyStats } from './daily-stats.js';
import type { PostgresDatabase, PostgresQueries } from './database.js';
import { deliveryStats } from './delivery-stats.js';
import { eventPage, MANY_ATTEMPTS } from './event-page.js';
import { eventsByKey } from './events-by-key.js';

interface PostgresAnalyticsOptions {
  /** A user with more attempts has pages of events found event by event. Default {@link MANY_ATTEMPTS}. */
  readonly manyAttempts?: number;
  /** Called whenever the tables of attempts and events are asked. */
  readonly onRead?: () => void;
}

/** The analytics questions answered by Postgres, from the attempts and events themselves. */
export class PostgresAnalyticsStore implements AnalyticsStore {
  readonly #database: PostgresDatabase;
  readonly #manyAttempts: number;
  readonly #onRead: () => void;

  constructor(database: PostgresDatabase, options: PostgresAnalyticsOptions = {}) {
    this.#database = database;
    this.#manyAttempts = options.manyAttempts ?? MANY_ATTEMPTS;
    this.#onRead = options.onRead ?? (() => undefined);
  }

  async deliveryStats(question: DeliveryStatsQuestion, { signal }: QueryOptions = {}): Promise<DeliveryStatsAnswer[]> {
    const rows = await rowsByScope(question, (group) => deliveryStats(this.#reading(signal), question, group));
    return rows.map(statsAnswer);
  }

  async dailyStats(question: DailyStatsQuestion, { signal }: QueryOptions = {}): Promise<DeliveryCounters[][]> {
    const rows = await rowsByScope(question, (group) => dailyStats(this.#reading(signal), question, group));
    return rows.map((ofScope) => dailyAnswer(ofScope, question.days));
  }

  async breakdown(question: BreakdownQuestion, { signal }: QueryOptions = {}): Promise<BreakdownRow[][]> {
    const rows = await rowsByScope(question, (group) => breakdown(this.#reading(signal), question, group));
    return rows.map(breakdownAnswer);
  }

  attemptPage(question: AttemptPageQuestion, { signal }: QueryOptions = {}): Promise<AttemptRecord[]> {
    return attemptPage(this.#reading(signal), question);
  }

  attempts(question: AttemptsQuestion, { signal }: QueryOptions = {}): Promise<(AttemptRecord | null)[]> {
    return attemptsByKey(this.#reading(signal), question);
  }

  eventPage(question: EventPageQuestion, { signal }: QueryOptions = {}): Promise<EventRecord[]> {
    return eventPage(this.#reading(signal), question, this.#manyAttempts);
  }

  events(question: EventsQuestion, { signal }: QueryOptions = {}): Promise<(EventRecord | null)[]> {
    return eventsByKey(this.#reading(signal), question);
  }

  ping(): Promise<void> {
    return this.#database.ping();
  }

  #reading(signal: AbortSignal | undefined): PostgresQueries {
    this.#onRead();
    return this.#database.until(signal);
  }
}
