import { setTimeout as delay, setImmediate as workedOff } from 'node:timers/promises';
import type { Logger } from '../../platform/logger.js';
import { clampToRetention, HOUR_MS, startOfHour, type TimeRange } from '../../records/time-range.js';
import { type AnalyticsStore, type DeliveryScope, NO_DELIVERIES } from '../../stores/analytics-store.js';
import type { ConfigurationStore } from '../../stores/postgres/configuration-store.js';
import type { HourlyStat } from '../delivery/stats.js';
import { type FeedSource, WatchedSource } from './watched-source.js';

interface FeedOptions {
  readonly configuration: Pick<ConfigurationStore, 'endpointIdsByApplication'>;
  readonly analytics: () => AnalyticsStore;
  readonly attemptsRetentionDays: number;
  readonly logger: Logger;
  readonly now: () => number;
}

/** Notices that come together are answered together, milliseconds. */
const GATHER_MS = 10;
/** From the end of a tick to the beginning of the next one at least; longer where the tick took longer. */
const REST_MS = 50;
const RETRY_MS = 1_000;

/** What one tick reads of a source. */
interface Work {
  readonly watched: WatchedSource;
  readonly hours: ReadonlySet<number>;
}

/**
 * Tells subscribers which hours have changed. A commit notice marks hours of its users; a tick asks the store for the
 * marked hours of all sources that are watched, in one question as a rule, and sends what differs from what was sent
 * before. A source costs the same however many watch it. The first tick after a pause comes at once; then they leave
 * as much time as they take, in which changes gather. Idle without notices. Errors leave the hours marked for a retry.
 */
export class HourlyStatsFeed {
  /** By user, then by source. */
  readonly #sources = new Map<string, Map<string, WatchedSource>>();
  /** What the next tick looks at. */
  #marked = new Set<WatchedSource>();
  readonly #closed = new AbortController();
  #ticking: Promise<void> | undefined;
  /** When the next tick may begin, by the monotonic clock. */
  #restsUntil = 0;

  constructor(private readonly options: FeedOptions) {}

  /** The current hour first, then each hour as it changes. Fails with an UpstreamError where the first cannot be read. */
  subscribe(source: FeedSource): Promise<AsyncIterableIterator<HourlyStat, undefined>> {
    const watched = this.#watch(source);
    const joined = watched.join(startOfHour(this.options.now()));
    this.#mark(watched);
    return joined;
  }

  /** What a store has committed: a user's id to the starts of the hours touched. */
  notice(users: Readonly<Record<string, readonly number[]>>): void {
    for (const [userId, hours] of Object.entries(users)) {
      for (const watched of this.#sources.get(userId)?.values() ?? []) {
        for (const hour of hours) watched.mark(hour);
        this.#mark(watched);
      }
    }
  }

  /** Notices may have been missed: looks at the last two hours of everyone. */
  lookAgain(): void {
    const hour = startOfHour(this.options.now());
    for (const watched of this.#all()) {
      watched.mark(hour);
      watched.mark(hour - HOUR_MS);
      this.#mark(watched);
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#ticking;
    await Promise.all(this.#all().map((watched) => watched.end()));
  }

  #all(): WatchedSource[] {
    return [...this.#sources.values()].flatMap((ofUser) => [...ofUser.values()]);
  }

  #watch(source: FeedSource): WatchedSource {
    const { userId, applicationId = '', endpointId = '' } = source;
    const ofUser = this.#sources.get(userId) ?? new Map<string, WatchedSource>();
    this.#sources.set(userId, ofUser);
    const key = `${applicationId}/${endpointId}`;
    const known = ofUser.get(key);
    if (known !== undefined) return known;
    const watched = new WatchedSource(source, () => {
      if (ofUser.get(key) === watched) ofUser.delete(key);
      if (ofUser.size === 0 && this.#sources.get(userId) === ofUser) this.#sources.delete(userId);
      this.#marked.delete(watched);
    });
    ofUser.set(key, watched);
    return watched;
  }

  #mark(watched: WatchedSource): void {
    this.#marked.add(watched);
    this.#ticking ??= this.#tickWhileMarked();
  }

  async #tickWhileMarked(): Promise<void> {
    while (this.#marked.size > 0) {
      const wait = Math.max(GATHER_MS, this.#restsUntil - performance.now());
      await delay(wait, undefined, { signal: this.#closed.signal }).catch(() => undefined);
      if (this.#closed.signal.aborted) break;
      const begun = performance.now();
      try {
        const sources = await this.#tick();
        await workedOff();
        const tookMs = performance.now() - begun;
        this.options.logger.debug({ sources, tookMs }, 'live numbers were read and sent');
        this.#restsUntil = begun + tookMs + Math.max(REST_MS, tookMs);
      } catch (error) {
        this.options.logger.warn({ error }, 'live numbers could not be read, trying again');
        this.#restsUntil = performance.now() + RETRY_MS;
      }
    }
    // In the same breath as the last look at what is marked, so that no mark falls between the two.
    this.#ticking = undefined;
  }

  /** Resolves to how many sources it looked at. */
  async #tick(): Promise<number> {
    const work: Work[] = [...this.#marked].map((watched) => ({ watched, hours: watched.begin() }));
    this.#marked = new Set();
    try {
      const hours = [...new Set(work.flatMap(({ hours }) => [...hours]))].sort((a, b) => a - b);
      for (const run of runsOf(hours)) {
        const isInRun = (hour: number): boolean => hour >= run.from && hour < run.to;
        await this.#tell(
          work.map(({ watched, hours }) => ({ watched, hours: new Set([...hours].filter(isInRun)) })),
          run,
        );
      }
    } catch (error) {
      for (const { watched, hours } of work) {
        watched.fail(hours, error);
        if (watched.isDirty) this.#marked.add(watched);
      }
      throw error;
    }
    return work.length;
  }

  /** Reads a stretch of hours for all who are concerned, and tells them of theirs. */
  async #tell(work: readonly Work[], run: TimeRange): Promise<void> {
    const { analytics, attemptsRetentionDays, now } = this.options;
    const concerned = work.filter(({ hours }) => hours.size > 0);
    const range = clampToRetention(run, now(), attemptsRetentionDays);
    if (range.from >= range.to) return;
    const scopes = await this.#scopesOf(concerned.map(({ watched }) => watched.source));
    const answers = await analytics().deliveryStats({ scopes, range, hourly: true, events: false });
    for (const [place, { watched, hours }] of concerned.entries()) {
      for (const hour of hours) watched.tell(hour, answers[place]?.hours.get(hour) ?? NO_DELIVERIES);
    }
  }

  /** The endpoints of an application are asked for each time, since they may change while it is watched. */
  async #scopesOf(sources: readonly FeedSource[]): Promise<DeliveryScope[]> {
    const applications = sources.flatMap(({ userId, applicationId, endpointId }) =>
      applicationId === undefined || endpointId !== undefined ? [] : [{ userId, id: applicationId }],
    );
    const endpointIds =
      applications.length === 0 ? [] : await this.options.configuration.endpointIdsByApplication(applications);
    const byApplication = new Map(applications.map(({ id }, place) => [id, endpointIds[place] ?? []]));
    return sources.map(({ userId, applicationId, endpointId }) => {
      if (endpointId !== undefined) return { userId, endpointIds: [endpointId] };
      return applicationId === undefined ? { userId } : { userId, endpointIds: byApplication.get(applicationId) ?? [] };
    });
  }
}

/** Sorted hours as stretches without a gap, so that each is one question. */
function runsOf(hours: readonly number[]): { from: number; to: number }[] {
  const runs: { from: number; to: number }[] = [];
  for (const hour of hours) {
    const last = runs.at(-1);
    if (last?.to === hour) last.to += HOUR_MS;
    else runs.push({ from: hour, to: hour + HOUR_MS });
  }
  return runs;
}
