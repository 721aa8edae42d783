import type { TimeRange } from '../records/time-range.js';
import {
  type DeliveryCounters,
  type DeliveryScope,
  type DeliveryStatsAnswer,
  NO_DELIVERIES,
} from './analytics-store.js';

/** Whole users, asked for in one query; each is a scope that is named by the user's id. */
interface UserScopes {
  readonly kind: 'users';
  readonly userIds: readonly string[];
}

/** Endpoints of users, asked for in one query: three parallel columns; an endpoint may be in several scopes. */
interface EndpointScopes {
  readonly kind: 'endpoints';
  readonly userIds: readonly string[];
  readonly endpointIds: readonly string[];
  /** The place of the scope in the question; as text it names the scope. */
  readonly scopes: readonly number[];
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
  readonly scopes: readonly DeliveryScope[];
  readonly range: TimeRange;
}

/**
 * The rows of each scope, in the order in which its query gave them: at most two queries for many scopes, one for whole
 * users, one for endpoints.
 */
export async function rowsByScope<Row extends Scoped<object>>(
  { scopes, range }: ScopedQuestion,
  ask: (group: ScopeGroup) => Promise<Row[]>,
): Promise<Omit<Row, 'scope'>[][]> {
  const groups = range.from < range.to ? groupScopes(scopes) : [];
  const rowsOf = new Map<string, Omit<Row, 'scope'>[]>();
  for (const { scope, ...row } of (await Promise.all(groups.map(ask))).flat()) {
    const known = rowsOf.get(scope);
    if (known === undefined) rowsOf.set(scope, [row]);
    else known.push(row);
  }
  return scopes.map(
    ({ userId, endpointIds }, index) => rowsOf.get(endpointIds === undefined ? userId : String(index)) ?? [],
  );
}

function groupScopes(scopes: readonly DeliveryScope[]): ScopeGroup[] {
  const users = new Set<string>();
  const userIds: string[] = [];
  const endpointIds: string[] = [];
  const places: number[] = [];
  for (const [index, scope] of scopes.entries()) {
    if (scope.endpointIds === undefined) users.add(scope.userId);
    for (const endpointId of new Set(scope.endpointIds)) {
      userIds.push(scope.userId);
      endpointIds.push(endpointId);
      places.push(index);
    }
  }
  const groups: ScopeGroup[] = [];
  if (users.size > 0) groups.push({ kind: 'users', userIds: [...users] });
  if (places.length > 0) groups.push({ kind: 'endpoints', userIds, endpointIds, scopes: places });
  return groups;
}

/** The answer that the rows of one scope make. */
export function statsAnswer(rows: readonly Omit<StatsRow, 'scope'>[]): DeliveryStatsAnswer {
  let total = NO_DELIVERIES;
  let totalEvents = 0;
  const hours = new Map<number, DeliveryCounters>();
  for (const { hour, totalEvents: events, ...counters } of rows) {
    if (hour !== null) {
      hours.set(hour, counters);
    } else {
      total = counters;
      totalEvents = events;
    }
  }
  return { total, totalEvents, hours };
}

/** The counters of each day that the rows of one scope make, zeros included. */
export function dailyAnswer(rows: readonly Omit<DayRow, 'scope'>[], days: readonly number[]): DeliveryCounters[] {
  const counted = new Map<number, DeliveryCounters>(rows.map(({ day, ...counters }) => [day, counters]));
  return days.map((day) => counted.get(day) ?? NO_DELIVERIES);
}
