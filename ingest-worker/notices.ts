import { committedMessages } from '../src/stores/redis/committed.js';
import type { StreamKind } from './stream-kind.js';

/** What is published of records that were committed: whose hours have changed. */
export function noticesOf<R>({ stream, statistics }: StreamKind<R>, records: readonly R[]): string[] {
  const hoursByUser = new Map<string, Set<number>>();
  for (const record of records) {
    const touched = statistics(record);
    if (touched === null) continue;
    const hours = hoursByUser.get(touched.userId);
    if (hours === undefined) hoursByUser.set(touched.userId, new Set([touched.hour]));
    else hours.add(touched.hour);
  }
  return committedMessages(stream, hoursByUser);
}
