/** Where the move from Postgres to ClickHouse stands, in order. */
export const MIGRATION_PHASES = ['postgres', 'dual_write', 'cutover', 'complete'] as const;
export type MigrationPhase = (typeof MIGRATION_PHASES)[number];

export const STORES = ['postgres', 'clickhouse'] as const;
export type Store = (typeof STORES)[number];

interface PhaseMeaning {
  readonly writesTo: readonly Store[];
  readonly readsFrom: Store;
}

export const PHASE_MEANING: Readonly<Record<MigrationPhase, PhaseMeaning>> = {
  postgres: { writesTo: ['postgres'], readsFrom: 'postgres' },
  dual_write: { writesTo: ['postgres', 'clickhouse'], readsFrom: 'postgres' },
  cutover: { writesTo: ['postgres', 'clickhouse'], readsFrom: 'clickhouse' },
  complete: { writesTo: ['clickhouse'], readsFrom: 'clickhouse' },
};
