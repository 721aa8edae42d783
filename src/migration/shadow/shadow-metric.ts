import type { Metrics } from '../../platform/metrics.js';
import type { ShadowOutcome } from './shadow-reads.js';

/** Adds what came of shadow reads. Returns what counts one. */
export function shadowMetric(metrics: Metrics): (outcome: ShadowOutcome) => void {
  const count = metrics.tally({
    name: 'ethhook_shadow_reads_total',
    help: 'Questions that Postgres has answered and that ClickHouse was to be asked too, by what came of it.',
    labels: ['outcome'],
  });
  return (outcome) => count({ outcome });
}
