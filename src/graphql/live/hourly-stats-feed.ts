import { setTimeout as delay, setImmediate as workedOff } from 'node:timers/promises';
import type { Logger } from '../../platform/logger.js';
import { inNewTrace } from '../../platform/tracing.js';
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
const REST_MS = 20;
/** What could not be read is left alone for so long at most, milliseconds. */
const RETRY_MS = 1_000;
/** Users and endpoints that one question asks for; a source with more endpoints goes alone. */
const QUESTION_SIZE = 500;

/** What one tick reads of a source. */
interface Work {
  readonly watched: WatchedSource;
  readonly hours: ReadonlySet<number>;
}

interface ScopedWork extends Work {
  readonly scope: DeliveryScope;
}

/**
 * Tells subscribers which hours have changed. A commit notice marks hours of its users; a tick asks the store for the
 * marked hours of all sources that are watched, in as few questions as their size allows, and sends what differs from
 * what was sent before. A source costs the same however many watch it. The first tick after a pause comes at once; then
 * they leave as much time as they take, in which changes gather. Idle without notices. A question that fails leaves its
 * hours marked for a retry, and the others go on.
 */
export class HourlyStatsFeed {
  /** By user, then by source. */
  readonly #sources = new Map<string, Map<string, WatchedSource>>();
  /** What the next tick looks at. */
  #marked = new Set<WatchedSource>();
  /** What failed, and is marked again by the timer. */
  #resting = new Set<WatchedSource>();
  #retry: NodeJS.Timeout | undefined;
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
    clearTimeout(this.#retry);
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
      this.#resting.delete(watched);
    });
    ofUser.set(key, watched);
    return watched;
  }

  #mark(watched: WatchedSource): void {
    if (this.#resting.has(watched)) return;
    this.#marked.add(watched);
    this.#ticking ??= this.#tickWhileMarked();
  }

  async #tickWhileMarked(): Promise<void> {
    try {
      while (this.#marked.size > 0) {
        const wait = Math.max(GATHER_MS, this.#restsUntil - performance.now());
        await delay(wait, undefined, { signal: this.#closed.signal }).catch(() => undefined);
        if (this.#closed.signal.aborted) break;
        const begun = performance.now();
        const sources = await inNewTrace('live numbers', {}, () => this.#tick());
        await workedOff();
        const tookMs = performance.now() - begun;
        this.options.logger.debug({ sources, tookMs }, 'live numbers were read and sent');
        this.#restsUntil = begun + tookMs + Math.max(REST_MS, tookMs);
      }
    } finally {
      // In the same breath as the last look at what is marked, so that no mark falls between the two.
      this.#ticking = undefined;
    }
  }

  /** Resolves to how many sources it looked at. */
  async #tick(): Promise<number> {
    const work: Work[] = [...this.#marked].map((watched) => ({ watched, hours: watched.begin() }));
    this.#marked = new Set();
    await this.#read(work).catch((error: unknown) => this.#fail(work, error));
    return work.length;
  }

  /** What one question fails with is told to its own sources. Fails with what nobody foresaw. */
  async #read(work: readonly Work[]): Promise<void> {
    const { attemptsRetentionDays, now } = this.options;
    const hours = [...new Set(work.flatMap(({ hours }) => [...hours]))].sort((a, b) => a - b);
    for (const run of runsOf(hours)) {
      const range = clampToRetention(run, now(), attemptsRetentionDays);
      if (range.from >= range.to) continue;
      const isInRun = (hour: number): boolean => hour >= run.from && hour < run.to;
      const concerned = work
        .map(({ watched, hours }) => ({ watched, hours: new Set([...hours].filter(isInRun)) }))
        .filter(({ hours }) => hours.size > 0);
      for (const part of inQuestions(await this.#scoped(concerned))) await this.#tell(part, range);
    }
  }

  /** Reads a stretch of hours of some sources in one question, and tells each of its own. */
  async #tell(work: readonly ScopedWork[], range: TimeRange): Promise<void> {
    try {
      const scopes = work.map(({ scope }) => scope);
      const answers = await this.options.analytics().deliveryStats({ scopes, range, hourly: true, events: false });
      for (const [place, { watched, hours }] of work.entries()) {
        for (const hour of hours) watched.tell(hour, answers[place]?.hours.get(hour) ?? NO_DELIVERIES);
      }
    } catch (error) {
      this.#fail(work, error);
    }
  }

  #fail(work: readonly Work[], error: unknown): void {
    if (this.#closed.signal.aborted) return;
    this.options.logger.warn({ error, sources: work.length }, 'live numbers could not be read, trying again');
    for (const { watched, hours } of work) {
      watched.fail(hours, error);
      if (watched.isDirty) this.#resting.add(watched);
    }
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      const rested = this.#resting;
      this.#resting = new Set();
      for (const watched of rested) this.#mark(watched);
    }, RETRY_MS);
  }

  /** The endpoints of an application are asked for each time, since they may change while it is watched. */
  async #scoped(work: readonly Work[]): Promise<ScopedWork[]> {
    const scoped: ScopedWork[] = [];
    const ofApplications: (Work & { readonly id: string })[] = [];
    for (const each of work) {
      const { userId, applicationId, endpointId } = each.watched.source;
      if (endpointId !== undefined) scoped.push({ ...each, scope: { userId, endpointIds: [endpointId] } });
      else if (applicationId === undefined) scoped.push({ ...each, scope: { userId } });
      else ofApplications.push({ ...each, id: applicationId });
    }
    if (ofApplications.length === 0) return scoped;
    try {
      const applications = ofApplications.map(({ watched, id }) => ({ userId: watched.source.userId, id }));
      const endpointIds = await this.options.configuration.endpointIdsByApplication(applications);
      for (const [place, { watched, hours }] of ofApplications.entries()) {
        const { userId } = watched.source;
        scoped.push({ watched, hours, scope: { userId, endpointIds: endpointIds[place] ?? [] } });
      }
    } catch (error) {
      this.#fail(ofApplications, error);
    }
    return scoped;
  }
}

/** In parts that one question each asks for. */
function inQuestions(work: readonly ScopedWork[]): ScopedWork[][] {
  const questions: ScopedWork[][] = [];
  let room = 0;
  for (const each of work) {
    const size = each.scope.endpointIds?.length || 1;
    if (size > room) {
      questions.push([]);
      room = QUESTION_SIZE;
    }
    questions.at(-1)?.push(each);
    room -= size;
  }
  return questions;
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
