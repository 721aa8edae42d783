import { answers } from './answers.js';
import { type Upstream, UpstreamError } from './errors.js';
import type { Metrics } from './metrics.js';
import type { WatchQuery } from './watch-query.js';

/** Less than a scrape waits for a value. */
const PING_WITHIN_MS = 1_000;
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Adds how long each named query takes and how it fails. Returns what is to be told of them. */
export function queryMetrics(metrics: Metrics): WatchQuery {
  const took = metrics.histogram({
    name: 'ethhook_upstream_query_duration_seconds',
    help: 'How long queries took, with the wait for their answer, however they ended.',
    labels: ['upstream', 'query'],
    buckets: SECONDS,
  });
  const failed = metrics.tally({
    name: 'ethhook_upstream_query_errors_total',
    help: 'Queries that failed, by why: unavailable, timeout, refused, or abandoned by who had asked.',
    labels: ['upstream', 'query', 'kind'],
  });
  return async (upstream, query, run) => {
    const begun = performance.now();
    try {
      return await run();
    } catch (error) {
      if (error instanceof UpstreamError) failed({ upstream, query, kind: error.options.kind });
      throw error;
    } finally {
      took({ upstream, query }, (performance.now() - begun) / 1000);
    }
  };
}

/** Adds whether each upstream answers, and how soon: all are asked at every scrape. */
export function pingMetrics(metrics: Metrics, pings: Readonly<Record<Upstream, () => Promise<unknown>>>): void {
  let asked: Promise<readonly { upstream: string; seconds: number | null }[]> | null = null;
  /** Asked once a scrape, for both metrics. */
  const allPings = () => {
    asked ??= Promise.all(
      Object.entries(pings).map(async ([upstream, ping]) => {
        const begun = performance.now();
        const isUp = await answers(ping(), PING_WITHIN_MS);
        return { upstream, seconds: isUp ? (performance.now() - begun) / 1000 : null };
      }),
    ).finally(() => {
      asked = null;
    });
    return asked;
  };
  metrics.gauge({
    name: 'ethhook_upstream_up',
    help: 'Whether the upstream answers this process within a second.',
    labels: ['upstream'],
    samples: async () =>
      (await allPings()).map(({ upstream, seconds }) => ({ labels: { upstream }, value: seconds === null ? 0 : 1 })),
  });
  metrics.gauge({
    name: 'ethhook_upstream_ping_seconds',
    help: 'How soon the upstream has answered; absent where it has not.',
    labels: ['upstream'],
    samples: async () =>
      (await allPings()).flatMap(({ upstream, seconds }) =>
        seconds === null ? [] : [{ labels: { upstream }, value: seconds }],
      ),
  });
}
