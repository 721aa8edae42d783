import type { AttemptRecord, AttemptStatus } from '../../src/records/attempt.js';
import type { EventRecord } from '../../src/records/event.js';
import type { TimeRange } from '../../src/records/time-range.js';
import type {
  AnalyticsStore,
  AttemptPageQuestion,
  AttemptsQuestion,
  BreakdownQuestion,
  BreakdownRow,
  DailyStatsQuestion,
  DeliveryCounters,
  DeliveryScope,
  DeliveryStatsAnswer,
  DeliveryStatsQuestion,
  EventPageQuestion,
  EventsQuestion,
  ListPosition,
} from '../../src/stores/analytics-store.js';

const HOUR_MS = 3_600_000;
/** Of two with the same `updated_at` the later one here stands. */
const WEAK_TO_STRONG: readonly AttemptStatus[] = ['pending', 'expired', 'failed', 'success'];

/**
 * What the stores must answer, from the records of both streams in the order in which they arrived: written straight
 * from the contract, with plain loops over everything, and sharing no code with the stores.
 */
export class AnalyticsModel implements AnalyticsStore {
  readonly #attempts: readonly AttemptRecord[];
  readonly #events: ReadonlyMap<string, EventRecord>;

  constructor(arrivedAttempts: readonly AttemptRecord[], arrivedEvents: readonly EventRecord[] = []) {
    const attempts = new Map<string, AttemptRecord>();
    for (const attempt of arrivedAttempts) {
      const known = attempts.get(attempt.id);
      if (known === undefined || replaces(attempt, known)) attempts.set(attempt.id, attempt);
    }
    const events = new Map<string, EventRecord>();
    for (const event of arrivedEvents) {
      const known = events.get(event.id);
      if (known === undefined || event.ingested_at < known.ingested_at) events.set(event.id, event);
    }
    this.#attempts = [...attempts.values()];
    this.#events = events;
  }

  async deliveryStats({ scopes, range, hourly, events }: DeliveryStatsQuestion): Promise<DeliveryStatsAnswer[]> {
    return scopes.map((scope) => {
      const counted = this.#attempts.filter(
        (attempt) => inScope(attempt, scope) && isWithin(attempt.created_at, range, scope.range),
      );
      const hourOf = ({ created_at }: AttemptRecord): number => created_at - (created_at % HOUR_MS);
      const hours = hourly ? [...new Set(counted.map(hourOf))] : [];
      return {
        total: countersOf(counted),
        totalEvents: events ? new Set(counted.map(({ event_id }) => event_id)).size : 0,
        hours: new Map(hours.map((hour) => [hour, countersOf(counted.filter((attempt) => hourOf(attempt) === hour))])),
      };
    });
  }

  async dailyStats({ scopes, range, days }: DailyStatsQuestion): Promise<DeliveryCounters[][]> {
    return scopes.map((scope) =>
      days.map((start, index) => {
        const from = Math.max(start, range.from);
        const to = Math.min(days[index + 1] ?? range.to, range.to);
        return countersOf(
          this.#attempts.filter(
            (attempt) => inScope(attempt, scope) && isWithin(attempt.created_at, { from, to }, scope.range),
          ),
        );
      }),
    );
  }

  async breakdown({ scopes, by, range, limit, applications = [] }: BreakdownQuestion): Promise<BreakdownRow[][]> {
    const keyOf = (attempt: AttemptRecord): string => {
      if (by === 'endpoint') return attempt.endpoint_id;
      if (by !== 'application') return String(attempt[by] ?? 'none');
      const { user_id, endpoint_id } = attempt;
      return (
        applications.find(({ userId, endpointId }) => userId === user_id && endpointId === endpoint_id)
          ?.applicationId ?? 'none'
      );
    };
    return scopes.map((scope) => {
      const counted = this.#attempts.filter(
        (attempt) => inScope(attempt, scope) && isWithin(attempt.created_at, range, scope.range),
      );
      return [...new Set(counted.map(keyOf))]
        .map((key) => ({ key, ...countersOf(counted.filter((attempt) => keyOf(attempt) === key)) }))
        .sort((a, b) => b.attempts - a.attempts || (a.key < b.key ? -1 : 1))
        .slice(0, limit);
    });
  }

  async attemptPage(question: AttemptPageQuestion): Promise<AttemptRecord[]> {
    const { eventId, statuses, httpStatusCodes, range, after, limit } = question;
    return this.#attempts
      .filter((attempt) => inScope(attempt, question))
      .filter(({ created_at }) => created_at >= range.from && created_at < range.to)
      .filter(({ event_id }) => eventId === undefined || event_id === eventId)
      .filter(({ status }) => statuses === undefined || statuses.includes(status))
      .filter(({ http_status_code: code }) => !httpStatusCodes || (code !== null && httpStatusCodes.includes(code)))
      .filter((attempt) => after === undefined || newestFirst(after, positionOf(attempt)) < 0)
      .sort((a, b) => newestFirst(positionOf(a), positionOf(b)))
      .slice(0, limit);
  }

  async attempts({ keys, range }: AttemptsQuestion): Promise<(AttemptRecord | null)[]> {
    return keys.map(({ userId, attemptId }) => {
      const found = this.#attempts.find(({ id, user_id }) => id === attemptId && user_id === userId);
      return found !== undefined && found.created_at >= range.from && found.created_at < range.to ? found : null;
    });
  }

  async eventPage(question: EventPageQuestion): Promise<EventRecord[]> {
    const { userId, attemptsRange, range, after, limit, chainId, address, topic0, transactionHash } = question;
    const owned = new Set(
      this.#attempts
        .filter(({ user_id }) => user_id === userId)
        .filter(({ created_at }) => created_at >= attemptsRange.from && created_at < attemptsRange.to)
        .map(({ event_id }) => event_id),
    );
    const place = ({ ingested_at, id }: EventRecord): ListPosition => ({ time: ingested_at, id });
    return [...this.#events.values()]
      .filter(({ id }) => owned.has(id))
      .filter(({ ingested_at }) => ingested_at >= range.from && ingested_at < range.to)
      .filter((event) => chainId === undefined || event.chain_id === chainId)
      .filter((event) => address === undefined || event.address === address)
      .filter((event) => topic0 === undefined || event.topic0 === topic0)
      .filter((event) => transactionHash === undefined || event.transaction_hash === transactionHash)
      .filter((event) => after === undefined || newestFirst(after, place(event)) < 0)
      .sort((a, b) => newestFirst(place(a), place(b)))
      .slice(0, limit);
  }

  async events({ keys, range }: EventsQuestion): Promise<(EventRecord | null)[]> {
    return keys.map(({ userId, eventId }) => {
      const owned = this.#attempts.some(
        ({ user_id, event_id, created_at }) =>
          user_id === userId && event_id === eventId && created_at >= range.from && created_at < range.to,
      );
      return owned ? (this.#events.get(eventId) ?? null) : null;
    });
  }

  async ping(): Promise<void> {}
}

function replaces(attempt: AttemptRecord, known: AttemptRecord): boolean {
  if (attempt.updated_at !== known.updated_at) return attempt.updated_at > known.updated_at;
  return WEAK_TO_STRONG.indexOf(attempt.status) > WEAK_TO_STRONG.indexOf(known.status);
}

/** Inside of both where there are two. */
const isWithin = (time: number, ...ranges: readonly (TimeRange | undefined)[]): boolean =>
  ranges.every((range) => range === undefined || (time >= range.from && time < range.to));

const inScope = ({ user_id, endpoint_id }: AttemptRecord, { userId, endpointIds }: DeliveryScope): boolean =>
  user_id === userId && (endpointIds === undefined || endpointIds.includes(endpoint_id));

const positionOf = ({ created_at, id }: AttemptRecord): ListPosition => ({ time: created_at, id });

function newestFirst(a: ListPosition, b: ListPosition): number {
  if (a.time !== b.time) return b.time - a.time;
  if (a.id === b.id) return 0;
  return a.id > b.id ? -1 : 1;
}

function countersOf(attempts: readonly AttemptRecord[]): DeliveryCounters {
  const having = (status: AttemptStatus): number => attempts.filter((attempt) => attempt.status === status).length;
  const latencies = attempts
    .filter(({ status }) => status !== 'pending')
    .map(({ response_time_ms }) => response_time_ms)
    .filter((latency) => latency !== null)
    .sort((a, b) => a - b);
  /** The smallest latency that at least this share of all does not exceed. */
  const nearestRank = (share: number): number | null => latencies[Math.ceil(share * latencies.length) - 1] ?? null;
  return {
    attempts: attempts.length,
    successes: having('success'),
    failures: having('failed'),
    expired: having('expired'),
    pending: having('pending'),
    retries: attempts.filter(({ attempt_number }) => attempt_number > 1).length,
    latencyCount: latencies.length,
    latencySumMs: latencies.reduce((sum, latency) => sum + latency, 0),
    minLatencyMs: latencies.at(0) ?? null,
    maxLatencyMs: latencies.at(-1) ?? null,
    p50LatencyMs: nearestRank(0.5),
    p95LatencyMs: nearestRank(0.95),
    p99LatencyMs: nearestRank(0.99),
  };
}
