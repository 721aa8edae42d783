import type { DeliveryCounters } from '../../src/stores/analytics-store.js';

/** Every counter of the schema. */
export const COUNTERS = `attempts successes failures expired pending retries successRate avgLatencyMs minLatencyMs maxLatencyMs
  p50LatencyMs p95LatencyMs p99LatencyMs`;

/** What the gateway answers to {@link COUNTERS}. */
export function expectedCounters({ latencyCount, latencySumMs, ...counters }: DeliveryCounters) {
  return {
    ...counters,
    successRate: counters.attempts === 0 ? null : (100 * counters.successes) / counters.attempts,
    avgLatencyMs: latencyCount === 0 ? null : latencySumMs / latencyCount,
  };
}
