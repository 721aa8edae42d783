import DataLoader from 'dataloader';
import type { AttemptRecord } from '../records/attempt.js';
import type { Application, Endpoint } from '../records/configuration.js';
import type { EventRecord } from '../records/event.js';
import { clampToRetention, type TimeRange } from '../records/time-range.js';
import type {
  AnalyticsStore,
  BreakdownDimension,
  BreakdownRow,
  DeliveryCounters,
  DeliveryScope,
  QueryOptions,
} from '../stores/analytics-store.js';
import type { ConfigurationStore } from '../stores/postgres/configuration-store.js';
import { ScopeLoader } from './delivery/scope-loader.js';
import { DeliveryStatsLoader } from './delivery/stats-loader.js';
import { everythingKept } from './limits.js';
import type { PageRequest } from './page.js';

/** By an id in any case. */
const byId = <Value>(load: (ids: readonly string[]) => Promise<Value[]>): DataLoader<string, Value, string> =>
  new DataLoader<string, Value, string>(load, { cacheKeyFn: (id) => id.toLowerCase() });

/** One field's question for a breakdown. */
interface BreakdownRequest {
  readonly by: BreakdownDimension;
  /** Not yet clamped to the retention. */
  readonly range: TimeRange;
  readonly limit: number;
}

interface Owner {
  readonly user: { readonly id: string };
  readonly now: number;
  readonly signal?: AbortSignal;
}

interface Stores {
  readonly configuration: ConfigurationStore;
  readonly attemptsRetentionDays: number;
}

/** One request's questions, those of one wave asked together. Everything is asked for the request's user. */
export class Loaders {
  /** By id; null for an id that is another user's or unknown. Ids of attempts and events must be UUIDs. */
  readonly application: DataLoader<string, Application | null>;
  readonly endpoint: DataLoader<string, Endpoint | null>;
  readonly attempt: DataLoader<string, AttemptRecord | null>;
  readonly event: DataLoader<string, EventRecord | null>;
  /** The ids of an application's endpoints. */
  readonly endpointIds: DataLoader<string, string[]>;
  readonly deliveryStats: DeliveryStatsLoader;

  readonly #endpointPages = new Map<string, DataLoader<string, Endpoint[]>>();
  readonly #configuration: ConfigurationStore;
  readonly #userId: string;
  readonly #analytics: AnalyticsStore;
  readonly #options: QueryOptions;
  readonly #kept: (range: TimeRange) => TimeRange;
  readonly #daily = new ScopeLoader<DeliveryCounters[]>();
  readonly #breakdowns = new ScopeLoader<BreakdownRow[]>();

  constructor({ configuration, attemptsRetentionDays }: Stores, analytics: AnalyticsStore, owner: Owner) {
    const userId = owner.user.id;
    const owned = (ids: readonly string[]) => ids.map((id) => ({ userId, id }));
    const options = owner.signal === undefined ? {} : { signal: owner.signal };
    this.#configuration = configuration;
    this.#userId = userId;
    this.#analytics = analytics;
    this.#options = options;
    this.#kept = (range) => clampToRetention(range, owner.now, attemptsRetentionDays);
    this.application = byId((ids) => configuration.applicationsById(owned(ids)));
    this.endpoint = byId((ids) => configuration.endpointsById(owned(ids)));
    this.endpointIds = byId((ids) => configuration.endpointIdsByApplication(owned(ids)));
    const range = everythingKept(owner.now, attemptsRetentionDays);
    this.attempt = byId((ids) =>
      analytics.attempts({ keys: ids.map((id) => ({ userId, attemptId: id.toLowerCase() })), range }, options),
    );
    this.event = byId((ids) =>
      analytics.events({ keys: ids.map((id) => ({ userId, eventId: id.toLowerCase() })), range }, options),
    );
    this.deliveryStats = new DeliveryStatsLoader(analytics, owner.now, attemptsRetentionDays, options);
  }

  /** The counters of a scope for each of the days that the range touches, by their starts. */
  dailyStats(scope: DeliveryScope, range: TimeRange, days: readonly number[]): Promise<DeliveryCounters[]> {
    return this.#daily.load([range, days], scope, (scopes) =>
      this.#analytics.dailyStats({ scopes, range: this.#kept(range), days }, this.#options),
    );
  }

  /** The rows of a scope, most attempts first. */
  breakdown(scope: DeliveryScope, { by, range, limit }: BreakdownRequest): Promise<BreakdownRow[]> {
    return this.#breakdowns.load([by, range, limit], scope, async (scopes) => {
      const applications = by === 'application' ? await this.#configuration.endpointApplications(this.#userId) : [];
      const question = { scopes, by, range: this.#kept(range), limit, applications };
      return this.#analytics.breakdown(question, this.#options);
    });
  }

  /** A page of an application's endpoints: one query for all applications that are asked for the same page. */
  endpointPage(applicationId: string, { limit, after }: PageRequest): Promise<Endpoint[]> {
    const key = JSON.stringify([limit, after]);
    let loader = this.#endpointPages.get(key);
    if (loader === undefined) {
      loader = byId((ids) =>
        this.#configuration.endpointPages(
          ids.map((id) => ({ userId: this.#userId, id })),
          { limit, ...(after === undefined ? {} : { after }) },
        ),
      );
      this.#endpointPages.set(key, loader);
    }
    return loader.load(applicationId);
  }
}
