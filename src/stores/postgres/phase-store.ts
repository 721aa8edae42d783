import { MIGRATION_PHASES, type MigrationPhase } from '../../records/migration-phase.js';
import type { PostgresDatabase } from './database.js';

/** Where the move stands, and since when in milliseconds since 1970, UTC. */
export interface PhaseRow {
  readonly phase: MigrationPhase;
  readonly since: number;
}

/** A step of the move, as it is asked for. */
export interface PhaseStep {
  readonly from: MigrationPhase;
  readonly to: MigrationPhase;
  /** Who takes it, such as `ana@ops-1`. */
  readonly takenBy: string;
  readonly reason: string;
  /** Whether it is taken although something is missing. */
  readonly forced: boolean;
}

/** A step that was taken. */
export interface TakenStep extends PhaseStep {
  /** Milliseconds since 1970, UTC. */
  readonly takenAt: number;
}

/** The one row that says where the move from Postgres to ClickHouse stands, and how it came there. */
export class PhaseStore {
  readonly #database: PostgresDatabase;

  constructor(database: PostgresDatabase) {
    this.#database = database;
  }

  /** Fails with an UpstreamError. */
  async read(): Promise<PhaseRow> {
    const [row] = await this.#database.query<{ phase: string; since: number }>({
      name: 'migration_phase',
      text: 'SELECT phase, since FROM migration_phase',
    });
    const phase = MIGRATION_PHASES.find((known) => known === row?.phase);
    if (row === undefined || phase === undefined) {
      throw new Error(`migration_phase holds ${row === undefined ? 'no row' : `the unknown phase ${row.phase}`}`);
    }
    return { phase, since: row.since };
  }

  /**
   * Takes a step and notes it, both or neither. Resolves to false where the phase is no longer `from`. Back in
   * `postgres` nothing that was copied or compared before counts any more: ClickHouse then misses what is written.
   */
  take({ from, to, takenBy, reason, forced }: PhaseStep): Promise<boolean> {
    return this.#database.transaction('take_phase_step', async (connection) => {
      const moved = await connection.query({
        name: 'move_phase',
        text: 'UPDATE migration_phase SET phase = $2, since = now() WHERE phase = $1 RETURNING phase',
        values: [from, to],
      });
      if (moved.length === 0) return false;
      await connection.query({
        name: 'note_phase_step',
        text: `INSERT INTO migration_phase_history (from_phase, to_phase, taken_by, reason, forced)
          VALUES ($1, $2, $3, $4, $5)`,
        values: [from, to, takenBy, reason, forced],
      });
      if (to === 'postgres') {
        await connection.query({ name: 'forget_backfill', text: 'DELETE FROM backfill_tables' });
        await connection.query({ name: 'forget_verifications', text: 'DELETE FROM verifications' });
      }
      return true;
    });
  }

  /** Every step that was taken, oldest first. Fails with an UpstreamError. */
  history(): Promise<TakenStep[]> {
    return this.#database.query<TakenStep>({
      name: 'migration_phase_history',
      text: `SELECT from_phase AS "from", to_phase AS "to", taken_at AS "takenAt", taken_by AS "takenBy", reason, forced
        FROM migration_phase_history ORDER BY id`,
    });
  }
}
