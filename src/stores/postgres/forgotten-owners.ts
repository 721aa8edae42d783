import type { PostgresDatabase } from './database.js';

/** An attempt whose user Postgres cannot find any more. */
export interface ForgottenOwner {
  readonly id: string;
  readonly userId: string;
}

/** Writes down whose these attempts are, where no row says so. Fails with an UpstreamError. */
export async function restoreOwners(database: PostgresDatabase, owners: readonly ForgottenOwner[]): Promise<void> {
  await database.query({
    name: 'restore_owners',
    text: `UPDATE delivery_attempts AS attempt SET user_id = given.user_id
      FROM unnest($1::uuid[], $2::uuid[]) AS given (id, user_id)
      WHERE attempt.id = given.id AND attempt.user_id IS NULL`,
    values: [owners.map(({ id }) => id), owners.map(({ userId }) => userId)],
  });
}
