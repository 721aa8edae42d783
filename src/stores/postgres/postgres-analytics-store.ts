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
} from '../analytics-store.js';
import { dailyAnswer, rowsByScope, statsAnswer } from '../scoped-stats.js';
import { attemptPage } from './attempt-page.js';
import { attemptsByKey } from './attempts-by-key.js';
import { breakdown } from './breakdown.js';
import { dailyStats } from './daily-stats.js';
import type { PostgresDatabase } from './database.js';
import { deliveryStats } from './delivery-stats.js';
import { eventPage } from './event-page.js';
import { eventsByKey } from './events-by-key.js';

/**
 * The analytics questions answered by Postgres, from the attempts and events themselves. A query that has begun is not
 * cancelled by its asker: it ends by the statement timeout of the connection.
 */
export class PostgresAnalyticsStore implements AnalyticsStore {
  readonly #database: PostgresDatabase;

  constructor(database: PostgresDatabase) {
    this.#database = database;
  }

  async deliveryStats(question: DeliveryStatsQuestion): Promise<DeliveryStatsAnswer[]> {
    const rows = await rowsByScope(question, (group) => deliveryStats(this.#database, question, group));
    return rows.map(statsAnswer);
  }

  async dailyStats(question: DailyStatsQuestion): Promise<DeliveryCounters[][]> {
    const rows = await rowsByScope(question, (group) => dailyStats(this.#database, question, group));
    return rows.map((ofScope) => dailyAnswer(ofScope, question.days));
  }

  breakdown(question: BreakdownQuestion): Promise<BreakdownRow[][]> {
    return rowsByScope(question, (group) => breakdown(this.#database, question, group));
  }

  attemptPage(question: AttemptPageQuestion): Promise<AttemptRecord[]> {
    return attemptPage(this.#database, question);
  }

  attempts(question: AttemptsQuestion): Promise<(AttemptRecord | null)[]> {
    return attemptsByKey(this.#database, question);
  }

  eventPage(question: EventPageQuestion): Promise<EventRecord[]> {
    return eventPage(this.#database, question);
  }

  events(question: EventsQuestion): Promise<(EventRecord | null)[]> {
    return eventsByKey(this.#database, question);
  }

  async ping(): Promise<void> {
    await this.#database.query({ name: 'ping', text: 'SELECT 1' });
  }
}
