import { UserError } from '../platform/errors.js';
import type { MigrationPhase } from '../records/migration-phase.js';
import { PhaseStore } from '../stores/postgres/phase-store.js';
import { gatesOf } from './gates.js';
import type { MoveServices } from './move-services.js';
import { checklist, type Gate, PHASE_STEPS } from './phase-steps.js';

interface WantedStep {
  /** The step is taken from this phase alone. */
  readonly from?: MigrationPhase;
  readonly to: MigrationPhase;
  readonly takenBy: string;
  readonly reason: string;
  /** Takes the step although something is missing. */
  readonly force: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What became of a wanted step. */
export interface StepReport {
  readonly from: MigrationPhase;
  readonly to: MigrationPhase;
  /** Refused: something is missing. Nothing: the phase was that already. */
  readonly outcome: 'taken' | 'refused' | 'nothing';
  readonly gates: readonly Gate[];
}

/** A group that is being written to lags for some milliseconds. One that lags for longer has a problem. */
const LAG_WAIT_MS = 30_000;

/**
 * Takes one step of the move, if nothing is missing. Fails with a UserError where no single step leads there, and with
 * an UpstreamError.
 */
export async function takeStep(services: MoveServices, wanted: WantedStep): Promise<StepReport> {
  const { to, takenBy, reason, force, now } = wanted;
  const store = new PhaseStore(services.postgres);
  const row = await store.read();
  const from = row.phase;
  if (from === to) return { from, to, outcome: 'nothing', gates: [] };
  const { next, back } = PHASE_STEPS[from];
  const isStep = (to === next || to === back) && from === (wanted.from ?? from);
  if (!isStep) throw new UserError(noSuchStep(from, to));
  const gates = await gatesOf(services, { ...row, now, waitMs: force ? 0 : LAG_WAIT_MS }, to);
  const missing = gates.some(({ holds }) => !holds);
  if (missing && !force) return { from, to, outcome: 'refused', gates };
  if (!(await store.take({ from: row, to, takenBy, reason, forced: missing }))) {
    throw new UserError(
      `Somebody else has moved the phase while this looked at ${from}. See where it stands with: ethhook-analytics phase`,
    );
  }
  services.logger.info({ from, to, takenBy, reason, forced: missing }, 'the phase of the move has been changed');
  return { from, to, outcome: 'taken', gates };
}

/** What a refused step is told with. */
export const refusalText = ({ from, to, gates }: StepReport): string =>
  `The phase stays ${from}. Before ${to}:\n${checklist(gates)}\nMend what is not checked, or take the step all the same with --force.`;

function noSuchStep(from: MigrationPhase, to: MigrationPhase): string {
  const { next, back } = PHASE_STEPS[from];
  if (next === null) {
    return `There is no way from ${from} to ${to}: Postgres has not been written since the move was completed.`;
  }
  const ways = [`on to ${next}`, ...(back === null ? [] : [`back to ${back}`])].join(' or ');
  return `There is no step from ${from} to ${to}: from ${from} it goes ${ways}.`;
}
