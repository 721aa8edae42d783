import type { DeliveryCounters } from '../../stores/analytics-store.js';
import { withRates } from '../delivery/counters.js';
import type { HourlyStat } from '../delivery/stats.js';
import { CoalescingQueue } from './coalescing-queue.js';

/** A source of the user's, already checked to be theirs: all of their attempts, an application's or an endpoint's. */
export interface FeedSource {
  readonly userId: string;
  readonly applicationId?: string;
  readonly endpointId?: string;
}

/** The hours of one subscriber. */
export type HourQueue = CoalescingQueue<number, HourlyStat>;

interface Newcomer {
  readonly queue: HourQueue;
  /** Start of the hour that was the current one when they came: they are told of it whatever it is. */
  readonly hour: number;
  readonly resolve: (queue: HourQueue) => void;
  readonly reject: (error: unknown) => void;
}

/** Hours whose last numbers are remembered; an older one is told again when it is looked at again. */
const REMEMBERED_HOURS = 48;

/**
 * One source and all who watch it. Its hours are read and compared once, and all subscribers get the same object: what
 * is made of it can be shared too. A reading `begin`s with the hours to look at, and is told hour by hour, or fails.
 */
export class WatchedSource {
  readonly #told = new Map<number, string>();
  readonly #subscribers = new Set<HourQueue>();
  #dirty = new Set<number>();
  /** Waiting for a reading that begins after they came, so that they start with nothing stale. */
  #newcomers: Newcomer[] = [];
  /** Waiting for the reading that is under way. */
  #starting: Newcomer[] = [];

  /** `onIdle` is called when the last subscriber has left. */
  constructor(
    readonly source: FeedSource,
    private readonly onIdle: () => void,
  ) {}

  get isDirty(): boolean {
    return this.#dirty.size > 0;
  }

  /** Resolves once the hour has been told; fails as the reading does. */
  join(hour: number): Promise<HourQueue> {
    this.#dirty.add(hour);
    return new Promise((resolve, reject) => {
      const queue: HourQueue = new CoalescingQueue(() => this.#leave(queue));
      this.#newcomers.push({ queue, hour, resolve, reject });
    });
  }

  mark(hour: number): void {
    this.#dirty.add(hour);
  }

  /** The hours to look at now. */
  begin(): ReadonlySet<number> {
    const hours = this.#dirty;
    this.#dirty = new Set();
    this.#starting = this.#newcomers;
    this.#newcomers = [];
    return hours;
  }

  tell(hour: number, counters: DeliveryCounters): void {
    const stat = { hour, ...withRates(counters) };
    if (this.#remember(hour, textOf(counters))) for (const queue of this.#subscribers) queue.push(hour, stat);
    const waiting = this.#starting;
    this.#starting = [];
    for (const newcomer of waiting) {
      if (newcomer.hour !== hour) {
        this.#starting.push(newcomer);
        continue;
      }
      newcomer.queue.push(hour, stat);
      this.#subscribers.add(newcomer.queue);
      newcomer.resolve(newcomer.queue);
    }
  }

  /** The hours stay to be looked at, unless only for newcomers, who are told of the failure. */
  fail(hours: ReadonlySet<number>, error: unknown): void {
    for (const { reject } of this.#starting) reject(error);
    this.#starting = [];
    if (this.#subscribers.size > 0) for (const hour of hours) this.#dirty.add(hour);
    this.#checkIdle();
  }

  /** Ends it for everyone. */
  async end(): Promise<void> {
    const newcomers = [...this.#starting, ...this.#newcomers];
    this.#starting = [];
    this.#newcomers = [];
    for (const { queue, resolve } of newcomers) resolve(queue);
    await Promise.all([...newcomers.map(({ queue }) => queue), ...this.#subscribers].map((queue) => queue.return()));
  }

  #leave(queue: HourQueue): void {
    this.#subscribers.delete(queue);
    this.#checkIdle();
  }

  #checkIdle(): void {
    if (this.#subscribers.size + this.#newcomers.length + this.#starting.length === 0) this.onIdle();
  }

  /** Whether these numbers are new. */
  #remember(hour: number, text: string): boolean {
    if (this.#told.get(hour) === text) return false;
    this.#told.delete(hour);
    this.#told.set(hour, text);
    for (const [oldest] of this.#told) {
      if (this.#told.size <= REMEMBERED_HOURS) break;
      this.#told.delete(oldest);
    }
    return true;
  }
}

/** The numbers that decide all others, whatever the store and the order of its columns. */
const textOf = (counters: DeliveryCounters): string =>
  [
    counters.attempts,
    counters.successes,
    counters.failures,
    counters.expired,
    counters.pending,
    counters.retries,
    counters.latencyCount,
    counters.latencySumMs,
    counters.minLatencyMs,
    counters.maxLatencyMs,
    counters.p50LatencyMs,
    counters.p95LatencyMs,
    counters.p99LatencyMs,
  ].join();
