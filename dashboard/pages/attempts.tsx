import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useSearchParams } from 'wouter';
import { AttemptLog, NewestAttempt } from '../api/operations.js';
import { request } from '../api/request.js';
import { isLive, keyOf, type RangeChoice, rangesAt } from '../range/choice.js';
import { RangePicker } from '../range/range-picker.js';
import { useRange, useZone } from '../range/use-range.js';
import { Empty, Failure } from '../ui/notice.js';
import { type AttemptFilter, asVariable, filterFrom, isNarrow, withFilter } from './attempt-filter.js';
import { AttemptFilterBar } from './attempt-filter-bar.js';
import { AttemptTable } from './attempt-table.js';
import { PageHead } from './page-head.js';

/** Every attempt, the newest first, narrowed by what the URL says, as far back as one scrolls. */
export function Attempts() {
  const [params, setParams] = useSearchParams();
  const [choice] = useRange();
  const [zone] = useZone();
  const queries = useQueryClient();
  const filter = filterFrom(params);
  const queryKey = ['attempts', keyOf(choice), JSON.stringify(filter)];
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetching, isFetchingNextPage, isPlaceholderData } =
    useInfiniteQuery({
      queryKey,
      initialPageParam: null as string | null,
      queryFn: ({ pageParam, signal }) =>
        request(
          AttemptLog,
          { filter: asVariable(filter, rangesAt(choice, Date.now()).range), after: pageParam },
          signal,
        ),
      getNextPageParam: ({ deliveryAttempts }) =>
        deliveryAttempts?.pageInfo.hasNextPage === true ? deliveryAttempts.pageInfo.endCursor : null,
      placeholderData: (present) => present,
      // Rows stay where they are while one reads: newer ones are asked for with a click.
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: 60_000,
    });
  const rows = data?.pages.flatMap(({ deliveryAttempts }) => deliveryAttempts?.nodes ?? []);
  const change = (next: AttemptFilter): void => setParams((present) => withFilter(present, next));

  return (
    <>
      <PageHead title="Attempts">
        <RangePicker />
      </PageHead>
      <AttemptFilterBar filter={filter} onChange={change} />
      <NewerAttempts
        choice={choice}
        filter={filter}
        listed={isPlaceholderData ? undefined : rows}
        onShow={() => {
          window.scrollTo(0, 0);
          void queries.resetQueries({ queryKey });
        }}
      />
      {rows?.length === 0 && !isPlaceholderData ? (
        <div className="card">
          <Empty title="No attempts here">
            <p>
              {isNarrow(filter)
                ? 'None in this time fits every filter. Clear a filter, or look at a longer time.'
                : 'There are none in this time. Look at a longer one, or wait: new ones are announced here.'}
            </p>
          </Empty>
        </div>
      ) : rows === undefined && error !== null ? null : (
        <div className={isPlaceholderData ? 'card stale' : 'card'} aria-busy={isPlaceholderData}>
          <AttemptTable rows={rows} zone={zone} />
        </div>
      )}
      {error !== null && !isFetching ? (
        <Failure
          what={rows === undefined ? 'Attempts' : 'More attempts'}
          error={error}
          onRetry={() => (rows === undefined ? refetch() : fetchNextPage())}
        />
      ) : null}
      <End
        canGoOn={hasNextPage && error === null}
        isLoading={isFetchingNextPage}
        count={rows?.length ?? 0}
        onReached={() => void fetchNextPage()}
      />
    </>
  );
}

interface EndProps {
  readonly canGoOn: boolean;
  readonly isLoading: boolean;
  readonly count: number;
  readonly onReached: () => void;
}

/** Where the next page is asked for, a screen before one gets there. */
function End({ canGoOn, isLoading, count, onReached }: EndProps) {
  const place = useRef<HTMLDivElement>(null);
  const reached = useRef(onReached);
  reached.current = onReached;
  useEffect(() => {
    const element = place.current;
    if (element === null || !canGoOn || isLoading) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting === true) reached.current();
      },
      { rootMargin: '800px' },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [canGoOn, isLoading]);
  return (
    <div ref={place} className="list-end muted" role="status">
      {isLoading ? 'Loading more' : canGoOn || count === 0 ? '' : 'That is all of them in this time.'}
    </div>
  );
}

interface NewerAttemptsProps {
  readonly choice: RangeChoice;
  readonly filter: AttemptFilter;
  /** What is listed, the newest first; undefined while it is on its way. */
  readonly listed: readonly { readonly id: string; readonly createdAt: string }[] | undefined;
  readonly onShow: () => void;
}

/** Says that there are newer ones than are listed; the list itself stays where it is. */
function NewerAttempts({ choice, filter, listed, onShow }: NewerAttemptsProps) {
  const live = isLive(choice, Date.now());
  const { data } = useQuery({
    queryKey: ['newest attempt', keyOf(choice), JSON.stringify(filter)],
    queryFn: ({ signal }) =>
      request(NewestAttempt, { filter: asVariable(filter, rangesAt(choice, Date.now()).range) }, signal),
    enabled: live && listed !== undefined,
    meta: { live },
  });
  const there = data?.deliveryAttempts?.nodes[0];
  const newest = listed?.[0];
  // As the list is ordered: by time, then by id.
  const orderOf = ({ createdAt, id }: NonNullable<typeof newest>): string => `${createdAt} ${id}`;
  const isNewer =
    there !== undefined && listed !== undefined && (newest === undefined || orderOf(there) > orderOf(newest));
  return (
    <div className="news" role="status" tabIndex={-1}>
      {isNewer ? (
        <button type="button" onClick={onShow}>
          There are newer attempts: show them
        </button>
      ) : newest === undefined ? null : (
        'Newest first'
      )}
    </div>
  );
}
