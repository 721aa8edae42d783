import type {
  AnalyticsStore,
  AttemptPageQuestion,
  AttemptsQuestion,
  BreakdownQuestion,
  DailyStatsQuestion,
  DeliveryStatsQuestion,
  EventPageQuestion,
  EventsQuestion,
  QueryOptions,
} from '../../stores/analytics-store.js';

/** A question as it was asked, which can be asked of another store too. */
export interface AskedQuestion {
  readonly name: keyof AnalyticsStore;
  readonly question: object;
  ask(store: AnalyticsStore, options: QueryOptions): Promise<unknown>;
}

type OnAnswer = (asked: AskedQuestion, answer: unknown) => void;

/** The answers of one store as they are; `onAnswer` is shown each of them with its question. It must not throw. */
export class ShadowedAnalyticsStore implements AnalyticsStore {
  constructor(
    private readonly store: AnalyticsStore,
    private readonly onAnswer: OnAnswer,
  ) {}

  deliveryStats(question: DeliveryStatsQuestion, options: QueryOptions = {}) {
    return this.#show('deliveryStats', question, options, (store, each) => store.deliveryStats(question, each));
  }

  dailyStats(question: DailyStatsQuestion, options: QueryOptions = {}) {
    return this.#show('dailyStats', question, options, (store, each) => store.dailyStats(question, each));
  }

  breakdown(question: BreakdownQuestion, options: QueryOptions = {}) {
    return this.#show('breakdown', question, options, (store, each) => store.breakdown(question, each));
  }

  attemptPage(question: AttemptPageQuestion, options: QueryOptions = {}) {
    return this.#show('attemptPage', question, options, (store, each) => store.attemptPage(question, each));
  }

  attempts(question: AttemptsQuestion, options: QueryOptions = {}) {
    return this.#show('attempts', question, options, (store, each) => store.attempts(question, each));
  }

  eventPage(question: EventPageQuestion, options: QueryOptions = {}) {
    return this.#show('eventPage', question, options, (store, each) => store.eventPage(question, each));
  }

  events(question: EventsQuestion, options: QueryOptions = {}) {
    return this.#show('events', question, options, (store, each) => store.events(question, each));
  }

  ping(): Promise<void> {
    return this.store.ping();
  }

  async #show<Answer>(
    name: keyof AnalyticsStore,
    question: object,
    options: QueryOptions,
    ask: (store: AnalyticsStore, options: QueryOptions) => Promise<Answer>,
  ): Promise<Answer> {
    const answer = await ask(this.store, options);
    this.onAnswer({ name, question, ask }, answer);
    return answer;
  }
}
