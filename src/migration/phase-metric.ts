import type { Metrics } from '../platform/metrics.js';
import { MIGRATION_PHASES, type MigrationPhase } from '../records/migration-phase.js';

/** Adds the phase of the move that this process follows: 1 for that one, 0 for the others; none while it is not known. */
export function phaseMetric(metrics: Metrics, current: () => MigrationPhase | null): void {
  metrics.gauge({
    name: 'ethhook_phase',
    help: 'The phase of the move that this process follows.',
    labels: ['phase'],
    samples: () => {
      const now = current();
      if (now === null) return [];
      return MIGRATION_PHASES.map((phase) => ({ labels: { phase }, value: phase === now ? 1 : 0 }));
    },
  });
}
