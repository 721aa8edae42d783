import DataLoader from 'dataloader';
import { clampToRetention, type TimeRange } from '../../records/time-range.js';
import {
  type AnalyticsStore,
  type DeliveryScope,
  type DeliveryStatsAnswer,
  NO_DELIVERIES,
  type QueryOptions,
} from '../../stores/analytics-store.js';

/** One field's question: the counters of one scope over a range. */
export interface DeliveryStatsRequest {
  readonly scope: DeliveryScope;
  /** Not yet clamped to the retention. */
  readonly range: TimeRange;
  readonly hourly?: boolean;
  readonly events?: boolean;
}

/** The fields of one wave that ask for the same range. */
interface Group {
  readonly range: TimeRange;
  readonly scopes: Map<string, { readonly scope: DeliveryScope; readonly indices: number[] }>;
  hourly: boolean;
  events: boolean;
}

const NOTHING: DeliveryStatsAnswer = { total: NO_DELIVERIES, totalEvents: 0, hours: new Map() };

const keyOfScope = ({ userId, endpointIds }: DeliveryScope): string => JSON.stringify([userId, endpointIds]);
const keyOf = ({ scope, range, hourly, events }: DeliveryStatsRequest): string =>
  `${range.from}/${range.to}/${hourly === true}/${events === true}/${keyOfScope(scope)}`;

/**
 * Merges what the fields of one wave ask: one store query a range, each scope once, asked for hours or distinct events
 * if any field needs them. So 50 endpoints with their hours, totals and rates are one query.
 */
export class DeliveryStatsLoader {
  readonly #loader: DataLoader<DeliveryStatsRequest, DeliveryStatsAnswer, string>;

  constructor(
    private readonly store: AnalyticsStore,
    private readonly now: number,
    private readonly retentionDays: number,
    private readonly options: QueryOptions,
  ) {
    this.#loader = new DataLoader((requests) => this.#ask(requests), { cacheKeyFn: keyOf });
  }

  load(request: DeliveryStatsRequest): Promise<DeliveryStatsAnswer> {
    return this.#loader.load(request);
  }

  async #ask(requests: readonly DeliveryStatsRequest[]): Promise<(DeliveryStatsAnswer | Error)[]> {
    const answers: (DeliveryStatsAnswer | Error)[] = requests.map(() => NOTHING);
    await Promise.all(
      grouped(requests).map(async ({ range, scopes, hourly, events }) => {
        const kept = clampToRetention(range, this.now, this.retentionDays);
        const asked = [...scopes.values()].filter(({ scope }) => scope.endpointIds?.length !== 0);
        if (kept.from >= kept.to || asked.length === 0) return;
        const question = { scopes: asked.map(({ scope }) => scope), range: kept, hourly, events };
        const results = await this.store.deliveryStats(question, this.options).catch(asError);
        for (const [place, { indices }] of asked.entries()) {
          const result = results instanceof Error ? results : (results[place] ?? NOTHING);
          for (const index of indices) answers[index] = result;
        }
      }),
    );
    return answers;
  }
}

function grouped(requests: readonly DeliveryStatsRequest[]): Group[] {
  const groups = new Map<string, Group>();
  for (const [index, { scope, range, hourly, events }] of requests.entries()) {
    const key = `${range.from}/${range.to}`;
    const group = groups.get(key) ?? { range, scopes: new Map(), hourly: false, events: false };
    groups.set(key, group);
    group.hourly ||= hourly === true;
    group.events ||= events === true;
    const entry = group.scopes.get(keyOfScope(scope)) ?? { scope, indices: [] };
    entry.indices.push(index);
    group.scopes.set(keyOfScope(scope), entry);
  }
  return [...groups.values()];
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
