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
import type { PostgresDatabase } from './database.js';
import { deliveryStats } from './delivery-stats.js';
import { eventPage, MANY_ATTEMPTS } from './event-page.js';
import { eventsByKey } from './events-by-key.js';

interface PostgresAnalyticsOptions {
  /** A user with more attempts has pages of events found event by event. Default {@link MANY_ATTEMPTS}. */
  readonly manyAttempts?: number;
}

/** The analytics questions answered by Postgres, from the attempts and events themselves. */
export class PostgresAnalyticsStore implements AnalyticsStore {
  readonly #database: PostgresDatabase;
  readonly #manyAttempts: number;

  constructor(database: PostgresDatabase, options: PostgresAnalyticsOptions = {}) {
    this.#database = database;
    this.#manyAttempts = options.manyAttempts ?? MANY_ATTEMPTS;
  }

  async deliveryStats(question: DeliveryStatsQuestion, { signal }: QueryOptions = {}): Promise<DeliveryStatsAnswer[]> {
    const rows = await rowsByScope(question, (group) => deliveryStats(this.#database.until(signal), question, group));
    return rows.map(statsAnswer);
  }

  async dailyStats(question: DailyStatsQuestion, { signal }: QueryOptions = {}): Promise<DeliveryCounters[][]> {
    const rows = await rowsByScope(question, (group) => dailyStats(this.#database.until(signal), question, group));
    return rows.map((ofScope) => dailyAnswer(ofScope, question.days));
  }

  async breakdown(question: BreakdownQuestion, { signal }: QueryOptions = {}): Promise<BreakdownRow[][]> {
    const rows = await rowsByScope(question, (group) => breakdown(this.#database.until(signal), question, group));
    return rows.map(breakdownAnswer);
  }

  attemptPage(question: AttemptPageQuestion, { signal }: QueryOptions = {}): Promise<AttemptRecord[]> {
    return attemptPage(this.#database.until(signal), question);
  }

  attempts(question: AttemptsQuestion, { signal }: QueryOptions = {}): Promise<(AttemptRecord | null)[]> {
    return attemptsByKey(this.#database.until(signal), question);
  }

  eventPage(question: EventPageQuestion, { signal }: QueryOptions = {}): Promise<EventRecord[]> {
    return eventPage(this.#database.until(signal), question, this.#manyAttempts);
  }

  events(question: EventsQuestion, { signal }: QueryOptions = {}): Promise<(EventRecord | null)[]> {
    return eventsByKey(this.#database.until(signal), question);
  }

  async ping(): Promise<void> {
    await this.#database.query({ name: 'ping', text: 'SELECT 1' });
  }
}
