import { MIGRATION_PHASES, type MigrationPhase } from '../../records/migration-phase.js';
import { timestamp } from './attempts-of-users.js';
import type { PostgresConnection, PostgresDatabase } from './database.js';

/** Where the move stands, and since when in milliseconds since 1970, UTC. */
export interface PhaseRow {
  readonly phase: MigrationPhase;
  readonly since: number;
}

/** A step of the move, as it is asked for. */
export interface PhaseStep {
  /** What was looked at before. */
  readonly from: PhaseRow;
  readonly to: MigrationPhase;
  /** Who takes it, such as `ana@ops-1`. */
  readonly takenBy: string;
  readonly reason: string;
  /** Whether it is taken although something is missing. */
  readonly forced: boolean;
}

/** A step that was taken. */
export interface TakenStep extends Omit<PhaseStep, 'from'> {
  readonly from: MigrationPhase;
  /** Milliseconds since 1970, UTC. */
  readonly takenAt: number;
}

/** Whether the phase is the one that was read, and has not come back to it since. It was read to the millisecond. */
const IS_STILL = "phase = $1 AND date_trunc('milliseconds', since) = $2::timestamptz";

/** Keeps the phase from changing until the transaction ends. Resolves to false where it has changed since it was read. */
export async function holdPhase(connection: PostgresConnection, { phase, since }: PhaseRow): Promise<boolean> {
  const held = await connection.query({
    name: 'hold_phase',
    text: `SELECT FROM migration_phase WHERE ${IS_STILL} FOR SHARE`,
    values: [phase, timestamp(since)],
  });
  return held.length > 0;
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
   * Takes a step and notes it, both or neither. Resolves to false where another one was taken since `from` was read. Back in
   * `postgres` nothing that was copied or compared before counts any more: ClickHouse then misses what is written.
   */
  take({ from, to, takenBy, reason, forced }: PhaseStep): Promise<boolean> {
    return this.#database.transaction('take_phase_step', async (connection) => {
      const moved = await connection.query({
        name: 'move_phase',
        text: `UPDATE migration_phase SET phase = $3, since = now() WHERE ${IS_STILL} RETURNING phase`,
        values: [from.phase, timestamp(from.since), to],
      });
      if (moved.length === 0) return false;
      await connection.query({
        name: 'note_phase_step',
        text: `INSERT INTO migration_phase_history (from_phase, to_phase, taken_by, reason, forced)
          VALUES ($1, $2, $3, $4, $5)`,
        values: [from.phase, to, takenBy, reason, forced],
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
