import { UpstreamError } from '../../platform/errors.js';
import { inSpan } from '../../platform/tracing.js';
import { HOUR_MS, hourCount, startOfHour, type TimeRange } from '../../records/time-range.js';
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
  EndpointApplication,
  EventPageQuestion,
  EventsQuestion,
  MeasuredScope,
  QueryOptions,
} from '../../stores/analytics-store.js';
import { WaveBatcher } from './wave-batcher.js';

/** Rows that a wave may come back with, and ids that it may send, at most; a question beyond them goes alone. */
const MAX_WEIGHT = 15_000;
/** What a scope costs beside its rows: its ids travel in the query. */
const ID_WEIGHT = 10;
const MAX_WAVES = 2;
const GATHER_MS = 4;

/**
 * An analytics store whose counting questions go in waves: those that differ only in whose attempts they count, and in the
 * cut hours at the ends of their ranges, are one query. Each answer is split off by the scopes of its own question, which
 * carry the user of the token.
 */
export class WavedAnalyticsStore implements AnalyticsStore {
  readonly #deliveryStats: WaveBatcher<DeliveryStatsQuestion, DeliveryStatsAnswer[]>;
  readonly #dailyStats: WaveBatcher<DailyStatsQuestion, DeliveryCounters[][]>;
  readonly #breakdown: WaveBatcher<BreakdownQuestion, BreakdownRow[][]>;

  /** `onWave` is told of every wave, and how many questions go in it. */
  constructor(
    private readonly store: AnalyticsStore,
    onWave: (question: string, size: number) => void = () => undefined,
  ) {
    this.#deliveryStats = waves((questions, options) => {
      onWave('delivery_stats', questions.length);
      return store.deliveryStats(merged(questions), options);
    });
    this.#dailyStats = waves((questions, options) => {
      onWave('daily_stats', questions.length);
      return store.dailyStats(merged(questions), options);
    });
    this.#breakdown = waves((questions, options) => {
      onWave('breakdown', questions.length);
      return store.breakdown(merged(questions), options);
    });
  }

  deliveryStats(question: DeliveryStatsQuestion, { signal }: QueryOptions = {}): Promise<DeliveryStatsAnswer[]> {
    const { scopes, range, hourly, events } = question;
    const shape = `${wholeHours(range)} ${hourly} ${events}`;
    const weight = weightOf(scopes, hourly ? hourCount(range) + 1 : 1);
    return inSpan('wave delivery_stats', {}, () =>
      this.#deliveryStats.ask({ shape, key: keyOf(question), weight, question }, signal),
    );
  }

  dailyStats(question: DailyStatsQuestion, { signal }: QueryOptions = {}): Promise<DeliveryCounters[][]> {
    const { scopes, range, days } = question;
    const shape = `${wholeHours(range)} ${days.join()}`;
    const weight = weightOf(scopes, days.length);
    return inSpan('wave daily_stats', {}, () =>
      this.#dailyStats.ask({ shape, key: keyOf(question), weight, question }, signal),
    );
  }

  breakdown(question: BreakdownQuestion, { signal }: QueryOptions = {}): Promise<BreakdownRow[][]> {
    const { scopes, range, by, limit, applications = [] } = question;
    const shape = `${wholeHours(range)} ${by} ${limit}`;
    const weight = weightOf(scopes, limit) + ID_WEIGHT * applications.length;
    return inSpan('wave breakdown', {}, () =>
      this.#breakdown.ask({ shape, key: keyOf(question), weight, question }, signal),
    );
  }

  attemptPage(question: AttemptPageQuestion, options?: QueryOptions): ReturnType<AnalyticsStore['attemptPage']> {
    return this.store.attemptPage(question, options);
  }

  attempts(question: AttemptsQuestion, options?: QueryOptions): ReturnType<AnalyticsStore['attempts']> {
    return this.store.attempts(question, options);
  }

  eventPage(question: EventPageQuestion, options?: QueryOptions): ReturnType<AnalyticsStore['eventPage']> {
    return this.store.eventPage(question, options);
  }

  events(question: EventsQuestion, options?: QueryOptions): ReturnType<AnalyticsStore['events']> {
    return this.store.events(question, options);
  }

  ping(): Promise<void> {
    return this.store.ping();
  }
}

type Counting = DeliveryStatsQuestion | DailyStatsQuestion | BreakdownQuestion;

/** Batches questions about many scopes; of one shape, so that any of them says what is asked of all. */
function waves<Question extends Counting, Answer>(
  ask: (questions: readonly Question[], options: QueryOptions) => Promise<Answer[]>,
): WaveBatcher<Question, Answer[]> {
  return new WaveBatcher<Question, Answer[]>({
    ask: async (questions, signal) => {
      const answers = await ask(questions, { signal });
      let end = 0;
      return questions.map(({ scopes }) => {
        const start = end;
        end += scopes.length;
        return answers.slice(start, end);
      });
    },
    // Whatever else fails a wave would fail its halves: a store that is away, and one that has had all the time there was.
    mayDivide: (error) => error instanceof UpstreamError && error.options.isTooLarge === true,
    maxWeight: MAX_WEIGHT,
    maxWaves: MAX_WAVES,
    gatherMs: GATHER_MS,
  });
}

/** Every scope counts in the range of its own question, exact to the millisecond. */
function merged<Question extends Counting>(questions: readonly Question[]): Question {
  const [first, ...others] = questions;
  if (first === undefined) throw new Error('a wave has at least one question');
  if (others.length === 0) return first;
  const range = {
    from: Math.min(...questions.map((question) => question.range.from)),
    to: Math.max(...questions.map((question) => question.range.to)),
  };
  const scopes = questions.flatMap((question) =>
    question.scopes.map((scope): MeasuredScope => ({ ...scope, range: scope.range ?? question.range })),
  );
  return { ...first, range, scopes, ...('by' in first ? { applications: applicationsOf(questions) } : {}) };
}

/** Each endpoint once, however many questions bring it: a second row would count its attempts twice. */
function applicationsOf(questions: readonly Counting[]): EndpointApplication[] {
  const known = new Map<string, EndpointApplication>();
  for (const question of questions) {
    for (const owned of ('applications' in question && question.applications) || []) {
      known.set(`${owned.userId} ${owned.endpointId}`, owned);
    }
  }
  return [...known.values()];
}

/** Ranges with the same whole hours are counted from the same rows, but for the cut hours at their ends. */
const wholeHours = ({ from, to }: TimeRange): string => `${startOfHour(from + HOUR_MS - 1)}-${startOfHour(to)}`;

const keyOf = ({ range, scopes }: Counting): string => JSON.stringify([range, scopes]);

const weightOf = (scopes: readonly MeasuredScope[], rows: number): number =>
  scopes.reduce((sum, { endpointIds }) => sum + rows + ID_WEIGHT * (endpointIds?.length ?? 1), 0);
