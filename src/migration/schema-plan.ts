import type { AppliedMigration, SchemaMigration } from '../records/schema-migration.js';

/** The migrations that a database has yet to take, in order. */
export function pendingMigrations(
  known: readonly SchemaMigration[],
  applied: readonly AppliedMigration[],
): SchemaMigration[] {
  const done = new Set(applied.map(({ number }) => number));
  return known.filter(({ number }) => !done.has(number));
}

/** What a database has taken that this version does not have: the work of a newer version. */
export const unknownMigrations = (
  known: readonly SchemaMigration[],
  applied: readonly AppliedMigration[],
): AppliedMigration[] => applied.filter(({ number, name }) => known[number - 1]?.name !== name);

/** A migration as its file is called, such as 0001_configuration. */
export const migrationLabel = ({ number, name }: { readonly number: number; readonly name: string }): string =>
  `${String(number).padStart(4, '0')}_${name}`;
