import type { MigrationPhase } from '../records/migration-phase.js';

/** What has to hold before a step is taken. */
export interface Gate {
  /** What is to hold, as a statement. */
  readonly name: string;
  readonly holds: boolean;
  /** How it stands, and where it does not hold, what to do. */
  readonly detail: string;
}

/** The step that leads on, and the one that leads back. From `complete` there is none: Postgres is no longer written. */
export const PHASE_STEPS: Readonly<
  Record<MigrationPhase, { readonly next: MigrationPhase | null; readonly back: MigrationPhase | null }>
> = {
  postgres: { next: 'dual_write', back: null },
  dual_write: { next: 'cutover', back: 'postgres' },
  cutover: { next: 'complete', back: 'dual_write' },
  complete: { next: null, back: null },
};

/** Gates as a checklist, a line each. */
export const checklist = (gates: readonly Gate[]): string =>
  gates.map(({ name, holds, detail }) => `  [${holds ? 'x' : ' '}] ${name}: ${detail}`).join('\n');
