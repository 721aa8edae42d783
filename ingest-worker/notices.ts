import { areSame, groupEqual, hash16 } from '../src/records/row-groups.js';
import type { Rows } from '../src/records/rows.js';
import { HOUR_MS, startOfHour } from '../src/records/time-range.js';
import { committedMessages } from '../src/stores/redis/committed.js';
import type { StreamKind } from './stream-kind.js';

/** The statistics that rows change: whose, and which hours. */
export type HoursByUser = ReadonlyMap<string, ReadonlySet<number>>;

/** Whose hours change with these rows. */
export function changedHours<R>({ statistics }: StreamKind<R>, rows: Rows<R>, standing: Int32Array): HoursByUser {
  const hoursByUser = new Map<string, Set<number>>();
  if (statistics === null) return hoursByUser;
  const view = rows.view();
  const userAt = (place: number): number => rows.placeOf(standing[place] ?? 0, statistics.userId);
  const hours = new Float64Array(standing.length);
  for (let place = 0; place < standing.length; place++) {
    hours[place] = Math.floor(rows.timeOf(standing[place] ?? 0, statistics.time) / HOUR_MS);
  }
  const { firsts } = groupEqual(
    standing.length,
    (place) => hash16(view, userAt(place)) + Math.imul(hours[place] ?? 0, 0x9e3779b1),
    (one, other) => hours[one] === hours[other] && areSame(view, userAt(one), userAt(other), 16),
  );
  for (const place of firsts) {
    const row = standing[place] ?? 0;
    const user = rows.uuidOf(row, statistics.userId);
    const hour = startOfHour(rows.timeOf(row, statistics.time));
    const known = hoursByUser.get(user);
    if (known === undefined) hoursByUser.set(user, new Set([hour]));
    else known.add(hour);
  }
  return hoursByUser;
}

/** What is published once they are committed. */
export const noticesOf = <R>({ stream }: StreamKind<R>, hours: HoursByUser): string[] =>
  committedMessages(stream, hours);
