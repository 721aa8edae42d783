import type { Upstream } from './errors.js';

/** Runs what asks an upstream under the name of its query, and sees how long it takes and how it ends. */
export type WatchQuery = <T>(upstream: Upstream, query: string, run: () => Promise<T>) => Promise<T>;

export const unwatched: WatchQuery = (_upstream, _query, run) => run();
