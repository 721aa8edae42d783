import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import {
  ApplicationDelivery,
  type BreakdownFragment,
  EndpointDelivery,
  Overview,
  type TotalsFragment,
} from '../api/operations.js';
import { request } from '../api/request.js';
import type { Source } from '../api/source.js';
import type { Bucket } from '../charts/bucket.js';
import { useLiveHours } from '../live/live.js';
import type { LiveHour } from '../live/live-socket.js';
import { HOUR_MS, isHourly, isLive, keyOf, type RangeChoice, rangesAt } from '../range/choice.js';

/** What figures and charts show of a user, an application or an endpoint. */
export interface Delivery {
  readonly totals: TotalsFragment;
  readonly before: TotalsFragment;
  readonly buckets: readonly Bucket[];
  readonly isHourly: boolean;
  readonly breakdowns: {
    readonly httpStatusCode: readonly BreakdownFragment[];
    readonly attemptNumber: readonly BreakdownFragment[];
  } | null;
}

type Answer = Awaited<ReturnType<typeof ask>>;

/** Null where the source does not exist. */
async function ask({ applicationId, endpointId }: Source, choice: RangeChoice, timeZone: string, signal: AbortSignal) {
  const variables = { ...rangesAt(choice, Date.now()), hourly: isHourly(choice), timeZone };
  if (endpointId === null) {
    const source =
      applicationId === null
        ? (await request(Overview, variables, signal)).me
        : (await request(ApplicationDelivery, { id: applicationId, ...variables }, signal)).application;
    return source === null ? null : { source, breakdowns: null };
  }
  const { endpoint } = await request(EndpointDelivery, { id: endpointId, ...variables }, signal);
  if (endpoint === null) return null;
  const { byHttpStatusCode, byAttemptNumber } = endpoint;
  return {
    source: endpoint,
    breakdowns: { httpStatusCode: byHttpStatusCode ?? [], attemptNumber: byAttemptNumber ?? [] },
  };
}

function asDelivery(answer: Answer): Delivery | null {
  if (answer === null) return null;
  const { source, breakdowns } = answer;
  const { stats, before, hourlyStats, dailyStats } = source;
  if (stats === null || before === null) throw new Error('The gateway left out the totals without saying why.');
  const buckets = hourlyStats
    ? hourlyStats.map(({ hour, ...counters }) => ({ start: Date.parse(hour), ...counters }))
    : (dailyStats ?? []).map(({ start, ...counters }) => ({ ...counters, start: Date.parse(start) }));
  return { totals: stats, before, buckets, isHourly: hourlyStats !== undefined, breakdowns };
}

/**
 * The delivery of a source over a range, null where there is no such source: kept up to date where new attempts can fall
 * into it.
 */
export function useDelivery(source: Source, choice: RangeChoice, timeZone: string) {
  const queries = useQueryClient();
  const { applicationId, endpointId } = source;
  const live = isLive(choice, Date.now());
  // Hours are the same in every zone.
  const queryKey = ['delivery', applicationId, endpointId, keyOf(choice), isHourly(choice) ? null : timeZone];
  useLiveHours(source, live, (hour) => putHour(queries, queryKey, choice, hour));
  return useQuery({
    queryKey,
    queryFn: async ({ signal }) => asDelivery(await ask(source, choice, timeZone, signal)),
    meta: { live },
    // While another range is on its way the present one stays; never another source's.
    placeholderData: (present, query) =>
      query?.queryKey[1] === applicationId && query.queryKey[2] === endpointId ? present : undefined,
  });
}

/** The chart moves with the message; the figures follow when they have been asked for. */
function putHour(
  queries: QueryClient,
  queryKey: readonly unknown[],
  choice: RangeChoice,
  { hour, ...counters }: LiveHour,
) {
  const bucket = { ...counters, start: Date.parse(hour) };
  queries.setQueryData<Delivery | null>(queryKey, (present) => {
    if (present === undefined || present === null || !present.isHourly) return present;
    const { buckets } = present;
    const index = buckets.findIndex(({ start }) => start === bucket.start);
    // The first hour of a range is cut, and a range that has ended may have cut its last.
    const isWhole =
      choice.kind === 'last' ? index > 0 : bucket.start >= choice.from && bucket.start + HOUR_MS <= choice.to;
    if (index >= 0) return isWhole ? { ...present, buckets: buckets.with(index, bucket) } : present;
    const isNext = bucket.start === (buckets.at(-1)?.start ?? Number.NaN) + HOUR_MS;
    return isNext && choice.kind === 'last' ? { ...present, buckets: [...buckets.slice(1), bucket] } : present;
  });
}
