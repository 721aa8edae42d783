import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { EndpointTable, type EndpointTableQuery } from '../api/operations.js';
import { request } from '../api/request.js';
import { DAY_MS, isLive, keyOf, lengthOf, type RangeChoice, rangesAt } from '../range/choice.js';
import { troubleOf } from './trouble.js';

export type EndpointRow = EndpointTableQuery['endpoints']['nodes'][number];

export const SORTS = ['trouble', 'name', 'attempts', 'success', 'p95'] as const;
export type Sort = (typeof SORTS)[number];

/** Sparklines of longer ranges go by day. */
const HOURLY_UP_TO_MS = 3 * DAY_MS;

/** All endpoints, or an application's, with their numbers over a range, page by page until all are there. */
export function useEndpoints(applicationId: string | null, choice: RangeChoice, timeZone: string) {
  const live = isLive(choice, Date.now());
  const query = useInfiniteQuery({
    queryKey: ['endpoints', applicationId, keyOf(choice), timeZone],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      request(
        EndpointTable,
        {
          filter: { applicationId },
          range: rangesAt(choice, Date.now()).range,
          hourly: lengthOf(choice) <= HOURLY_UP_TO_MS,
          timeZone,
          after: pageParam,
        },
        signal,
      ),
    getNextPageParam: ({ endpoints: { pageInfo } }) => (pageInfo.hasNextPage ? pageInfo.endCursor : null),
    placeholderData: (present, before) => (before?.queryKey[1] === applicationId ? present : undefined),
    meta: { live },
  });
  const { hasNextPage, isFetching, fetchNextPage } = query;
  useEffect(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  const rows = useMemo(() => query.data?.pages.flatMap(({ endpoints }) => endpoints.nodes), [query.data]);
  return { ...query, rows };
}

const ORDERS: Record<Sort, (a: EndpointRow, b: EndpointRow) => number> = {
  trouble: (a, b) => troubleOfRow(b) - troubleOfRow(a),
  name: (a, b) => a.name.localeCompare(b.name),
  attempts: (a, b) => (b.stats?.attempts ?? 0) - (a.stats?.attempts ?? 0),
  success: (a, b) => (a.stats?.successRate ?? 101) - (b.stats?.successRate ?? 101),
  p95: (a, b) => (b.stats?.p95LatencyMs ?? -1) - (a.stats?.p95LatencyMs ?? -1),
};

const troubleOfRow = ({ stats }: EndpointRow): number => (stats === null ? 0 : troubleOf(stats));

/** What wants looking at first; of equals the busiest, then by name. */
export const sorted = (rows: readonly EndpointRow[], sort: Sort): EndpointRow[] =>
  rows.toSorted((a, b) => ORDERS[sort](a, b) || ORDERS.attempts(a, b) || ORDERS.name(a, b));
