import type { AttemptRecord } from '../../records/attempt.js';
import type { EventRecord } from '../../records/event.js';
import type { TimeRange } from '../../records/time-range.js';
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
  MeasuredScope,
  QueryOptions,
} from '../analytics-store.js';
import { breakdownAnswer, dailyAnswer, rowsByScope, statsAnswer } from '../scoped-stats.js';
import { attemptPage } from './attempt-page.js';
import { attemptsByKey } from './attempts-by-key.js';
import { breakdown } from './breakdown.js';
import { dailyStats } from './daily-stats.js';
import type { ClickHouseDatabase } from './database.js';
import { deliveryStats } from './delivery-stats.js';
import { eventPage } from './event-page.js';
import { eventsByKey } from './events-by-key.js';
import { planStats, ROLLUPS_FROM_HOURS } from './stats-plan.js';

interface ClickHouseAnalyticsOptions {
  /** Ranges with this many whole hours or more are read from the rollups. Default {@link ROLLUPS_FROM_HOURS}. */
  readonly rollupsFromHours?: number;
}

/** The analytics questions answered by ClickHouse, from rollups and attempts. */
export class ClickHouseAnalyticsStore implements AnalyticsStore {
  readonly #database: ClickHouseDatabase;
  readonly #rollupsFromHours: number;

  constructor(database: ClickHouseDatabase, options: ClickHouseAnalyticsOptions = {}) {
    this.#database = database;
    this.#rollupsFromHours = options.rollupsFromHours ?? ROLLUPS_FROM_HOURS;
  }

  async deliveryStats(question: DeliveryStatsQuestion, options?: QueryOptions): Promise<DeliveryStatsAnswer[]> {
    const bounded = inRepresentableTime(question);
    const plan = planStats(bounded, this.#rollupsFromHours);
    const rows = await rowsByScope(bounded, (group) => deliveryStats(this.#database, bounded, group, plan, options));
    return rows.map(statsAnswer);
  }

  async dailyStats(question: DailyStatsQuestion, options?: QueryOptions): Promise<DeliveryCounters[][]> {
    const bounded = inRepresentableTime(question);
    const plan = planStats(bounded, this.#rollupsFromHours);
    const rows = await rowsByScope(bounded, (group) => dailyStats(this.#database, bounded, group, plan, options));
    return rows.map((ofScope) => dailyAnswer(ofScope, question.days));
  }

  async breakdown(question: BreakdownQuestion, options?: QueryOptions): Promise<BreakdownRow[][]> {
    const bounded = inRepresentableTime(question);
    const plan = planStats(bounded, this.#rollupsFromHours);
    const rows = await rowsByScope(bounded, (group) => breakdown(this.#database, bounded, group, plan, options));
    return rows.map(breakdownAnswer);
  }

  attemptPage(question: AttemptPageQuestion, options?: QueryOptions): Promise<AttemptRecord[]> {
    return attemptPage(this.#database, { ...question, range: representable(question.range) }, options);
  }

  attempts(question: AttemptsQuestion, options?: QueryOptions): Promise<(AttemptRecord | null)[]> {
    return attemptsByKey(this.#database, { ...question, range: representable(question.range) }, options);
  }

  eventPage(question: EventPageQuestion, options?: QueryOptions): Promise<EventRecord[]> {
    const range = representable(question.range);
    const attemptsRange = representable(question.attemptsRange);
    return eventPage(this.#database, { ...question, range, attemptsRange }, options);
  }

  events(question: EventsQuestion, options?: QueryOptions): Promise<(EventRecord | null)[]> {
    return eventsByKey(this.#database, { ...question, range: representable(question.range) }, options);
  }

  ping(): Promise<void> {
    return this.#database.ping();
  }
}

/** A question that DateTime64 can express, with the same answer. */
const inRepresentableTime = <Question extends { scopes: readonly MeasuredScope[]; range: TimeRange }>(
  question: Question,
): Question => ({
  ...question,
  range: representable(question.range),
  scopes: question.scopes.map((scope) =>
    scope.range === undefined ? scope : { ...scope, range: representable(scope.range) },
  ),
});

const LATEST_TIME = Date.UTC(2200, 0, 1);

/** The part of a range that DateTime64 can express; no attempt lies outside of it. */
const representable = ({ from, to }: TimeRange): TimeRange => ({
  from: Math.min(Math.max(from, 0), LATEST_TIME),
  to: Math.min(Math.max(to, 0), LATEST_TIME),
});
