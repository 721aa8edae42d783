import { DAY_MS, HOUR_MS, type TimeRange } from '../../src/records/time-range.js';
import {
  type BreakdownDimension,
  type BreakdownRow,
  type DeliveryScope,
  NO_DELIVERIES,
} from '../../src/stores/analytics-store.js';
import { COUNTERS, expectedCounters } from './counters.js';
import type { AnalyticsModel } from './model.js';
import type { Tenant } from './rehearsal-history.js';

/** Asks the gateway as a user and resolves to the data, which is there without an error. */
export type Ask = (userId: string, query: string, variables: object) => Promise<Record<string, unknown>>;

/** One question to the gateway, and what the model says it must answer. */
interface Expectation {
  readonly name: string;
  ask(): Promise<unknown>;
  expected(): Promise<unknown>;
}

const DIMENSIONS: readonly BreakdownDimension[] = [
  'endpoint',
  'application',
  'status',
  'http_status_code',
  'attempt_number',
];
const PAGE = 500;
/** Days of Kolkata begin half an hour into an hour of UTC, all year. */
const ZONE = { name: 'Asia/Kolkata', offsetMs: 5.5 * HOUR_MS };

const NUMBERS = `fragment Numbers on DeliverySource {
  successRate(range: $range)
  stats(range: $range) { totalEvents ${COUNTERS} }
  hourlyStats(range: $range) { hour ${COUNTERS} }
  dailyStats(range: $range, timeZone: "${ZONE.name}") { start ${COUNTERS} }
  ${DIMENSIONS.map((by) => `${by}: breakdown(by: ${by.toUpperCase()}, range: $range, first: 50) { key ${COUNTERS} }`).join('\n  ')}
}`;
const ATTEMPTS = `query ($range: TimeRange, $after: String) {
  page: deliveryAttempts(filter: {range: $range}, first: ${PAGE}, after: $after) {
    nodes { id attemptNumber status httpStatusCode responseTimeMs errorMessage createdAt updatedAt endpoint { id } }
    pageInfo { hasNextPage endCursor } } }`;
const EVENTS = `query ($range: TimeRange, $after: String) {
  page: events(filter: {range: $range}, first: ${PAGE}, after: $after) {
    nodes { id chainId blockNumber blockHash transactionHash transactionIndex logIndex address topics data ingestedAt }
    pageInfo { hasNextPage endCursor } } }`;

const iso = (time: number): string => new Date(time).toISOString();

/** Every number of a tenant's: of the user, their applications and endpoints, and every attempt and event one by one. */
export function everythingOf(tenant: Tenant, range: TimeRange, model: AnalyticsModel, ask: Ask): Expectation[] {
  const { userId, applications } = tenant;
  const variables = { range: { from: iso(range.from), to: iso(range.to) } };
  const numbers = (name: string, field: string, endpointIds?: readonly string[]): Expectation => ({
    name: `the numbers of ${name}`,
    ask: async () =>
      (await ask(userId, `query ($range: TimeRange) { source: ${field} { ...Numbers } } ${NUMBERS}`, variables))[
        'source'
      ],
    expected: () => numbersOf(model, tenant, endpointIds === undefined ? { userId } : { userId, endpointIds }, range),
  });
  const existing = new Set(applications.flatMap(({ endpointIds }) => endpointIds));
  return [
    numbers('the user', 'me'),
    ...applications.flatMap(({ id, endpointIds }) => [
      numbers('an application', `application(id: "${id}")`, endpointIds),
      ...endpointIds.map((endpointId) => numbers('an endpoint', `endpoint(id: "${endpointId}")`, [endpointId])),
    ]),
    {
      name: 'the attempts',
      ask: () => pages(ask, userId, ATTEMPTS, variables),
      expected: async () =>
        (await model.attemptPage({ userId, range, limit: Number.POSITIVE_INFINITY })).map((attempt) => ({
          id: attempt.id,
          attemptNumber: attempt.attempt_number,
          status: attempt.status.toUpperCase(),
          httpStatusCode: attempt.http_status_code,
          responseTimeMs: attempt.response_time_ms,
          errorMessage: attempt.error_message,
          createdAt: iso(attempt.created_at),
          updatedAt: iso(attempt.updated_at),
          endpoint: existing.has(attempt.endpoint_id) ? { id: attempt.endpoint_id } : null,
        })),
    },
    {
      name: 'the events',
      ask: () => pages(ask, userId, EVENTS, variables),
      expected: async () => {
        const question = { userId, attemptsRange: range, range, limit: Number.POSITIVE_INFINITY };
        return (await model.eventPage(question)).map((event) => ({
          id: event.id,
          chainId: event.chain_id,
          blockNumber: event.block_number,
          blockHash: event.block_hash,
          transactionHash: event.transaction_hash,
          transactionIndex: event.transaction_index,
          logIndex: event.log_index,
          address: event.address,
          topics: [event.topic0, event.topic1, event.topic2, event.topic3].filter((topic) => topic !== null),
          data: event.data,
          ingestedAt: iso(event.ingested_at),
        }));
      },
    },
  ];
}

interface Page {
  readonly nodes: readonly unknown[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

async function pages(ask: Ask, userId: string, query: string, variables: object): Promise<unknown[]> {
  const nodes: unknown[] = [];
  for (let after: string | null = null; ; ) {
    const { page } = (await ask(userId, query, { ...variables, after })) as { page: Page };
    nodes.push(...page.nodes);
    if (!page.pageInfo.hasNextPage) return nodes;
    after = page.pageInfo.endCursor;
  }
}

async function numbersOf(
  model: AnalyticsModel,
  { userId, applications }: Tenant,
  scope: DeliveryScope,
  range: TimeRange,
) {
  const scopes = [scope];
  const [stats] = await model.deliveryStats({ scopes, range, hourly: true, events: true });
  if (stats === undefined) throw new Error('the model has no answer');
  const days = starts(range, DAY_MS, ZONE.offsetMs);
  const [daily = []] = await model.dailyStats({ scopes, range, days });
  const owned = applications.flatMap(({ id, endpointIds }) =>
    endpointIds.map((endpointId) => ({ userId, endpointId, applicationId: id })),
  );
  const total = expectedCounters(stats.total);
  const breakdowns: Record<string, unknown> = {};
  for (const by of DIMENSIONS) {
    const [rows = []] = await model.breakdown({ scopes, by, range, limit: 50, applications: owned });
    breakdowns[by] = rows.map(({ key, ...counters }: BreakdownRow) => ({
      key: by === 'status' ? key.toUpperCase() : key,
      ...expectedCounters(counters),
    }));
  }
  return {
    successRate: total.successRate,
    stats: { totalEvents: stats.totalEvents, ...total },
    hourlyStats: starts(range, HOUR_MS).map((hour) => ({
      hour: iso(hour),
      ...expectedCounters(stats.hours.get(hour) ?? NO_DELIVERIES),
    })),
    dailyStats: days.map((start, index) => ({ start: iso(start), ...expectedCounters(daily[index] ?? NO_DELIVERIES) })),
    ...breakdowns,
  };
}

/** The starts of the units that a range touches, in order. */
function starts({ from, to }: TimeRange, unit: number, offsetMs = 0): number[] {
  const first = Math.floor((from + offsetMs) / unit) * unit - offsetMs;
  return Array.from({ length: Math.ceil((to - first) / unit) }, (_, index) => first + index * unit);
}
