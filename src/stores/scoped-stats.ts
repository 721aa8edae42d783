import type { TimeRange } from '../records/time-range.js';
import {
  type BreakdownRow,
  type DeliveryCounters,
  type DeliveryStatsAnswer,
  type MeasuredScope,
  NO_DELIVERIES,
} from './analytics-store.js';

/** Which part of the question's range each member of a group counts in: two columns parallel to its others, milliseconds. */
interface OwnRanges {
  readonly froms: readonly number[];
  readonly tos: readonly number[];
}

/** Whole users, asked for in one query, each once; each is a scope that is named by the user's id. */
interface UserScopes {
  readonly kind: 'users';
  readonly userIds: readonly string[];
  /** Left out where all count in the question's range. */
  readonly own?: OwnRanges;
}

/** Endpoints of users, asked for in one query: three parallel columns; an endpoint may be in several scopes. */
interface EndpointScopes {
  readonly kind: 'endpoints';
  readonly userIds: readonly string[];
  readonly endpointIds: readonly string[];
  /** The place of the scope in the question; as text it names the scope. */
  readonly scopes: readonly number[];
  readonly own?: OwnRanges;
}

export type ScopeGroup = UserScopes | EndpointScopes;

/** A result row that names the scope it belongs to. */
export type Scoped<Row> = Row & { readonly scope: string };

/** The counters of one scope: of one hour, or without an hour of the whole range. */
export interface StatsRow extends Scoped<DeliveryCounters> {
  readonly hour: number | null;
  readonly totalEvents: number;
}

/** The counters of one scope and of the day that begins at `day`. */
export interface DayRow extends Scoped<DeliveryCounters> {
  readonly day: number;
}

interface ScopedQuestion {
  readonly scopes: readonly MeasuredScope[];
  readonly range: TimeRange;
}

/**
 * The rows of each scope, in the order in which its query gave them: at most two queries for many scopes, one for whole
 * users, one for endpoints; and one more for each further range that one and the same user is asked for with.
 */
export async function rowsByScope<Row extends Scoped<object>>(
  question: ScopedQuestion,
  ask: (group: ScopeGroup) => Promise<Row[]>,
): Promise<Row[][]> {
  const rows: Row[][] = question.scopes.map(() => []);
  await Promise.all(
    groupScopes(question).map(async ({ group, placesOf }) => {
      for (const row of await ask(group)) {
        for (const place of placesOf.get(row.scope) ?? []) rows[place]?.push(row);
      }
    }),
  );
  return rows;
}

/** A group with the places in the question that its scopes' names stand for. */
interface PlacedGroup {
  readonly group: ScopeGroup;
  readonly placesOf: ReadonlyMap<string, readonly number[]>;
}

/** One who is measured in one range, and where in the question. */
interface Member {
  readonly userId: string;
  readonly endpointId?: string;
  readonly range: TimeRange;
  readonly places: number[];
}

function groupScopes({ scopes, range }: ScopedQuestion): PlacedGroup[] {
  /** Of each user the ranges, which are as many groups. */
  const users: Map<string, Member>[] = [];
  const endpoints: Member[] = [];
  for (const [place, scope] of scopes.entries()) {
    const { userId, range: own = range } = scope;
    if (own.from >= own.to) continue;
    for (const endpointId of new Set(scope.endpointIds))
      endpoints.push({ userId, endpointId, range: own, places: [place] });
    if (scope.endpointIds === undefined) placeUser(users, { userId, range: own, places: [place] });
  }
  const groups = users.map((members): PlacedGroup => {
    const all = [...members.values()];
    const group = { kind: 'users', userIds: [...members.keys()], ...ownRanges(all, range) } as const;
    return { group, placesOf: new Map(all.map(({ userId, places }) => [userId, places])) };
  });
  if (endpoints.length === 0) return groups;
  const places = endpoints.flatMap((member) => member.places);
  const group: ScopeGroup = {
    kind: 'endpoints',
    userIds: endpoints.map(({ userId }) => userId),
    endpointIds: endpoints.map(({ endpointId = '' }) => endpointId),
    scopes: places,
    ...ownRanges(endpoints, range),
  };
  return [...groups, { group, placesOf: new Map(places.map((place) => [String(place), [place]])) }];
}

/** Into the first group that does not have the user with another range. */
function placeUser(groups: Map<string, Member>[], member: Member): void {
  for (const group of groups) {
    const known = group.get(member.userId);
    if (known === undefined) {
      group.set(member.userId, member);
      return;
    }
    if (sameRange(known.range, member.range)) {
      known.places.push(...member.places);
      return;
    }
  }
  groups.push(new Map([[member.userId, member]]));
}

const sameRange = (one: TimeRange, other: TimeRange): boolean => one.from === other.from && one.to === other.to;

function ownRanges(members: readonly Member[], range: TimeRange): { own?: OwnRanges } {
  if (members.every((member) => sameRange(member.range, range))) return {};
  return {
    own: { froms: members.map((member) => member.range.from), tos: members.map((member) => member.range.to) },
  };
}

/** The answer that the rows of one scope make. */
export function statsAnswer(rows: readonly StatsRow[]): DeliveryStatsAnswer {
  let total = NO_DELIVERIES;
  let totalEvents = 0;
  const hours = new Map<number, DeliveryCounters>();
  for (const row of rows) {
    if (row.hour !== null) {
      hours.set(row.hour, countersOf(row));
    } else {
      total = countersOf(row);
      totalEvents = row.totalEvents;
    }
  }
  return { total, totalEvents, hours };
}

/** The counters of each day that the rows of one scope make, zeros included. */
export function dailyAnswer(rows: readonly DayRow[], days: readonly number[]): DeliveryCounters[] {
  const counted = new Map<number, DeliveryCounters>(rows.map((row) => [row.day, countersOf(row)]));
  return days.map((day) => counted.get(day) ?? NO_DELIVERIES);
}

export const breakdownAnswer = (rows: readonly Scoped<BreakdownRow>[]): BreakdownRow[] =>
  rows.map((row) => ({ key: row.key, ...countersOf(row) }));

/** Nothing but the counters of a row; field by field, since a wave brings thousands of rows. */
const countersOf = (row: DeliveryCounters): DeliveryCounters => ({
  attempts: row.attempts,
  successes: row.successes,
  failures: row.failures,
  expired: row.expired,
  pending: row.pending,
  retries: row.retries,
  latencyCount: row.latencyCount,
  latencySumMs: row.latencySumMs,
  minLatencyMs: row.minLatencyMs,
  maxLatencyMs: row.maxLatencyMs,
  p50LatencyMs: row.p50LatencyMs,
  p95LatencyMs: row.p95LatencyMs,
  p99LatencyMs: row.p99LatencyMs,
});
