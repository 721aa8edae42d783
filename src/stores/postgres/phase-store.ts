import { MIGRATION_PHASES, type MigrationPhase } from '../../records/migration-phase.js';
import type { PostgresDatabase } from './database.js';

/** Where the move stands, and since when in milliseconds since 1970, UTC. */
export interface PhaseRow {
  readonly phase: MigrationPhase;
  readonly since: number;
}

/** The one row that says where the move from Postgres to ClickHouse stands. */
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
}
