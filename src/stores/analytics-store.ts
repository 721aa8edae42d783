import type { AttemptRecord, AttemptStatus } from '../records/attempt.js';
import type { EventRecord } from '../records/event.js';
import type { TimeRange } from '../records/time-range.js';

/**
 * Whose attempts are meant: all of a user's, or those to some endpoints of that user (none, where the list is empty).
 * Here as everywhere below, ids are UUIDs in lower-case text: whoever asks has checked them.
 */
export interface DeliveryScope {
  readonly userId: string;
  readonly endpointIds?: readonly string[];
}

/** A scope that is measured, over the range of the question or the part of it that is its own. */
export interface MeasuredScope extends DeliveryScope {
  readonly range?: TimeRange;
}

/** Attempts by their latest status. Latencies are milliseconds, over terminal attempts with a response time. */
export interface DeliveryCounters {
  readonly attempts: number;
  readonly successes: number;
  readonly failures: number;
  readonly expired: number;
  readonly pending: number;
  /** Attempts with `attempt_number` above 1. */
  readonly retries: number;
  readonly latencyCount: number;
  readonly latencySumMs: number;
  readonly minLatencyMs: number | null;
  readonly maxLatencyMs: number | null;
  /** Exact, nearest rank (SQL's percentile_disc). */
  readonly p50LatencyMs: number | null;
  readonly p95LatencyMs: number | null;
  readonly p99LatencyMs: number | null;
}

export const NO_DELIVERIES: DeliveryCounters = {
  attempts: 0,
  successes: 0,
  failures: 0,
  expired: 0,
  pending: 0,
  retries: 0,
  latencyCount: 0,
  latencySumMs: 0,
  minLatencyMs: null,
  maxLatencyMs: null,
  p50LatencyMs: null,
  p95LatencyMs: null,
  p99LatencyMs: null,
};

/** One question for many scopes, so that a request's fields cost one query. */
export interface DeliveryStatsQuestion {
  readonly scopes: readonly MeasuredScope[];
  /** On the attempt's `created_at`. */
  readonly range: TimeRange;
  /** Whether the counters of each hour are asked for. */
  readonly hourly: boolean;
  /** Whether distinct event ids are to be counted. */
  readonly events: boolean;
}

export interface DeliveryStatsAnswer {
  readonly total: DeliveryCounters;
  /** Distinct event ids over the range; 0 when not asked for. */
  readonly totalEvents: number;
  /** Start of the UTC hour to its counters; hours without attempts are left out, all of them when not asked for. */
  readonly hours: ReadonlyMap<number, DeliveryCounters>;
}

export interface DailyStatsQuestion {
  readonly scopes: readonly MeasuredScope[];
  /** On the attempt's `created_at`. */
  readonly range: TimeRange;
  /** The starts of days that follow one another, in order; the first begins no later than the range. */
  readonly days: readonly number[];
}

/** What a breakdown tells apart. `application` is the one that the endpoint belongs to now. */
export type BreakdownDimension = 'endpoint' | 'application' | 'status' | 'http_status_code' | 'attempt_number';

/** Which application a user's endpoint belongs to. */
export interface EndpointApplication {
  readonly userId: string;
  readonly endpointId: string;
  readonly applicationId: string;
}

export interface BreakdownQuestion {
  readonly scopes: readonly MeasuredScope[];
  readonly by: BreakdownDimension;
  /** On the attempt's `created_at`. */
  readonly range: TimeRange;
  /** Rows a scope at most. */
  readonly limit: number;
  /** By `application`: what is not listed here has none. */
  readonly applications?: readonly EndpointApplication[];
}

export interface BreakdownRow extends DeliveryCounters {
  /** An id, a status, a number as text, or {@link NO_KEY}. */
  readonly key: string;
}

/** The key of attempts that have none: without an HTTP status code, or whose endpoint has no application. */
export const NO_KEY = 'none';

/** A place in a list that runs newest first: by time, then by id as lower-case text, both descending. */
export interface ListPosition {
  readonly time: number;
  readonly id: string;
}

/** Filters narrow together; an empty list lets nothing through. */
export interface AttemptPageQuestion extends DeliveryScope {
  readonly eventId?: string;
  readonly statuses?: readonly AttemptStatus[];
  readonly httpStatusCodes?: readonly number[];
  /** On the attempt's `created_at`. */
  readonly range: TimeRange;
  /** The page begins behind this place. */
  readonly after?: ListPosition;
  readonly limit: number;
}

/** An attempt asked for by a user. */
export interface AttemptKey {
  readonly userId: string;
  readonly attemptId: string;
}

export interface AttemptsQuestion {
  readonly keys: readonly AttemptKey[];
  /** On the attempt's `created_at`, as a rule the retention. */
  readonly range: TimeRange;
}

/** An event asked for by a user; it is theirs if they have an attempt of it. */
export interface EventKey {
  readonly userId: string;
  readonly eventId: string;
}

export interface EventsQuestion {
  readonly keys: readonly EventKey[];
  /** When attempts count that make an event a user's, as a rule the retention: on the attempt's `created_at`. */
  readonly range: TimeRange;
}

/** Filters narrow together. Hex is 0x and lower-case digits, of the right length: whoever asks has checked that. */
export interface EventPageQuestion {
  readonly userId: string;
  /** When attempts count that make an event the user's, as a rule the retention: on the attempt's `created_at`. */
  readonly attemptsRange: TimeRange;
  readonly chainId?: number;
  readonly address?: string;
  readonly topic0?: string;
  readonly transactionHash?: string;
  /** On the event's `ingested_at`. */
  readonly range: TimeRange;
  /** The page begins behind this place; its time is an `ingested_at`. */
  readonly after?: ListPosition;
  readonly limit: number;
}

export interface QueryOptions {
  /** Gives the query up, at the server too, when the asker has left or cannot wait any longer. */
  readonly signal?: AbortSignal;
}

/**
 * The analytics questions of the gateway, answered alike, to the last digit, from ClickHouse and from Postgres.
 * Every question binds the user's id. Times are milliseconds since 1970, UTC; ranges are half-open.
 * Fails with an UpstreamError that names the store; of kind `abandoned` where the signal gave the question up.
 */
export interface AnalyticsStore {
  /** One answer a scope, in the order of the scopes. */
  deliveryStats(question: DeliveryStatsQuestion, options?: QueryOptions): Promise<DeliveryStatsAnswer[]>;
  /** One list a scope, in the order of the scopes: the counters of each day, zeros included. */
  dailyStats(question: DailyStatsQuestion, options?: QueryOptions): Promise<DeliveryCounters[][]>;
  /** One list a scope, in the order of the scopes: most attempts first, then by key as text. */
  breakdown(question: BreakdownQuestion, options?: QueryOptions): Promise<BreakdownRow[][]>;
  /** Newest first, at most `limit`. */
  attemptPage(question: AttemptPageQuestion, options?: QueryOptions): Promise<AttemptRecord[]>;
  /** One attempt or null a key, in the order of the keys; never by reading through a table. */
  attempts(question: AttemptsQuestion, options?: QueryOptions): Promise<(AttemptRecord | null)[]>;
  /** The events that the user has an attempt of, newest first, at most `limit`. */
  eventPage(question: EventPageQuestion, options?: QueryOptions): Promise<EventRecord[]>;
  /** One event or null a key, in the order of the keys. */
  events(question: EventsQuestion, options?: QueryOptions): Promise<(EventRecord | null)[]>;
  /** Resolves when the store answers. */
  ping(): Promise<void>;
}
