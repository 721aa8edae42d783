import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../platform/logger.js';
import { clampToRetention, HOUR_MS, startOfHour } from '../../records/time-range.js';
import {
  type AnalyticsStore,
  type DeliveryCounters,
  type DeliveryScope,
  NO_DELIVERIES,
} from '../../stores/analytics-store.js';
import type { ConfigurationStore } from '../../stores/postgres/configuration-store.js';
import { withRates } from '../delivery/counters.js';
import type { HourlyStat } from '../delivery/stats.js';
import { CoalescingQueue } from './coalescing-queue.js';

/** A source of the user's, already checked to be theirs: all of their attempts, an application's or an endpoint's. */
export interface FeedSource {
  readonly userId: string;
  readonly applicationId?: string;
  readonly endpointId?: string;
}

interface Subscriber {
  readonly source: FeedSource;
  readonly queue: CoalescingQueue<number, HourlyStat>;
  /** Start of an hour to the counters last sent of it, as text. */
  readonly sent: Map<number, string>;
  /** Starts of the hours to look at on the next tick. */
  dirty: Set<number>;
  /** Whether the first hour has been sent: until then ticks wait, so that no older reading is sent after a newer one. */
  isStarted: boolean;
}

interface FeedOptions {
  readonly configuration: ConfigurationStore;
  readonly analytics: () => AnalyticsStore;
  readonly attemptsRetentionDays: number;
  readonly logger: Logger;
  readonly now: () => number;
  /** Notices of this long are answered together, milliseconds. Default 250. */
  readonly tickMs?: number;
}

const RETRY_MS = 1_000;

/**
 * Tells subscribers which hours have changed. A commit notice marks hours of its users as dirty; a tick asks the store
 * for the dirty hours of all subscribers concerned, in one question as a rule, and sends what differs from what was
 * sent before. Idle without notices. Errors leave the hours dirty and are tried again.
 */
export class HourlyStatsFeed {
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  readonly #closed = new AbortController();
  #ticking: Promise<void> | undefined;

  constructor(private readonly options: FeedOptions) {}

  /** The current hour first, then each hour as it changes. Fails with an UpstreamError where the first cannot be read. */
  async subscribe(source: FeedSource): Promise<AsyncIterableIterator<HourlyStat, undefined>> {
    const subscriber: Subscriber = {
      source,
      queue: new CoalescingQueue(() => this.#remove(subscriber)),
      sent: new Map(),
      dirty: new Set(),
      isStarted: false,
    };
    // Listening begins before the first reading, so that no change falls between the two.
    const ofUser = this.#subscribers.get(source.userId) ?? new Set();
    this.#subscribers.set(source.userId, ofUser.add(subscriber));
    try {
      await this.#send([subscriber], startOfHour(this.options.now()), HOUR_MS);
      subscriber.isStarted = true;
    } catch (error) {
      await subscriber.queue.return();
      throw error;
    }
    return subscriber.queue;
  }

  /** What a store has committed: a user's id to the starts of the hours touched. */
  notice(users: Readonly<Record<string, readonly number[]>>): void {
    for (const [userId, hours] of Object.entries(users)) {
      for (const { dirty } of this.#subscribers.get(userId) ?? []) for (const hour of hours) dirty.add(hour);
    }
    this.#schedule();
  }

  /** Notices may have been missed: looks at the last two hours of everyone. */
  lookAgain(): void {
    const hour = startOfHour(this.options.now());
    for (const { dirty } of this.#all()) dirty.add(hour).add(hour - HOUR_MS);
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#ticking;
    await Promise.all(this.#all().map(({ queue }) => queue.return()));
  }

  #all(): Subscriber[] {
    return [...this.#subscribers.values()].flatMap((ofUser) => [...ofUser]);
  }

  #remove(subscriber: Subscriber): void {
    const { userId } = subscriber.source;
    const ofUser = this.#subscribers.get(userId);
    ofUser?.delete(subscriber);
    if (ofUser?.size === 0) this.#subscribers.delete(userId);
  }

  #schedule(): void {
    this.#ticking ??= this.#tickWhileDirty().finally(() => {
      this.#ticking = undefined;
    });
  }

  async #tickWhileDirty(): Promise<void> {
    const { tickMs = 250, logger } = this.options;
    let wait = tickMs;
    while (this.#all().some(({ dirty }) => dirty.size > 0)) {
      await delay(wait, undefined, { signal: this.#closed.signal }).catch(() => undefined);
      if (this.#closed.signal.aborted) return;
      try {
        await this.#tick();
        wait = tickMs;
      } catch (error) {
        logger.warn({ error }, 'live numbers could not be read, trying again');
        wait = RETRY_MS;
      }
    }
  }

  async #tick(): Promise<void> {
    const work = this.#all()
      .filter(({ dirty, isStarted }) => isStarted && dirty.size > 0)
      .map((subscriber) => ({ subscriber, hours: subscriber.dirty }));
    for (const { subscriber } of work) subscriber.dirty = new Set();
    try {
      const hours = [...new Set(work.flatMap(({ hours }) => [...hours]))].sort((a, b) => a - b);
      for (const { from, length } of runsOf(hours)) {
        const concerned = work.filter(({ hours }) => [...hours].some((hour) => hour >= from && hour < from + length));
        await this.#send(
          concerned.map(({ subscriber }) => subscriber),
          from,
          length,
          (place, hour) => concerned[place]?.hours.has(hour) === true,
        );
      }
    } catch (error) {
      for (const { subscriber, hours } of work) for (const hour of hours) subscriber.dirty.add(hour);
      throw error;
    }
  }

  /** Reads some hours of some subscribers and sends those that are asked for and differ from what was sent. */
  async #send(
    subscribers: readonly Subscriber[],
    from: number,
    length: number,
    isAskedFor: (place: number, hour: number) => boolean = () => true,
  ): Promise<void> {
    const { analytics, attemptsRetentionDays, now } = this.options;
    const scopes = await this.#scopesOf(subscribers);
    const range = clampToRetention({ from, to: from + length }, now(), attemptsRetentionDays);
    if (range.from >= range.to) return;
    const answers = await analytics().deliveryStats({ scopes, range, hourly: true, events: false });
    for (const [place, subscriber] of subscribers.entries()) {
      for (let hour = from; hour < from + length; hour += HOUR_MS) {
        if (isAskedFor(place, hour)) sendIfChanged(subscriber, hour, answers[place]?.hours.get(hour) ?? NO_DELIVERIES);
      }
    }
  }

  /** The endpoints of an application are asked for each time, since they may change while it is watched. */
  async #scopesOf(subscribers: readonly Subscriber[]): Promise<DeliveryScope[]> {
    const applications = subscribers.flatMap(({ source: { userId, applicationId, endpointId } }) =>
      applicationId === undefined || endpointId !== undefined ? [] : [{ userId, id: applicationId }],
    );
    const endpointIds =
      applications.length === 0 ? [] : await this.options.configuration.endpointIdsByApplication(applications);
    const byApplication = new Map(applications.map(({ id }, place) => [id, endpointIds[place] ?? []]));
    return subscribers.map(({ source: { userId, applicationId, endpointId } }) => {
      if (endpointId !== undefined) return { userId, endpointIds: [endpointId] };
      return applicationId === undefined ? { userId } : { userId, endpointIds: byApplication.get(applicationId) ?? [] };
    });
  }
}

function sendIfChanged({ sent, queue }: Subscriber, hour: number, counters: DeliveryCounters): void {
  const text = JSON.stringify(counters);
  if (sent.get(hour) === text) return;
  sent.set(hour, text);
  queue.push(hour, { hour, ...withRates(counters) });
}

/** Sorted hours as stretches without a gap, so that each is one question. */
function runsOf(hours: readonly number[]): { from: number; length: number }[] {
  const runs: { from: number; length: number }[] = [];
  for (const hour of hours) {
    const last = runs.at(-1);
    if (last !== undefined && last.from + last.length === hour) last.length += HOUR_MS;
    else runs.push({ from: hour, length: HOUR_MS });
  }
  return runs;
}
