import type { PostgresDatabase } from './database.js';

/** One comparison of both stores that ran to its end. Times are milliseconds since 1970, UTC. */
export interface Verification {
  readonly beganAt: number;
  readonly finishedAt: number;
  /** Whether it was of both tables and everything that is kept. */
  readonly complete: boolean;
  readonly comparedRows: number;
  readonly differences: number;
}

/**
 * The last comparison of everything, with the most differences that it or a later one, of a part too, has found; null
 * where there was none. Fails with an UpstreamError.
 */
export async function lastVerification(database: PostgresDatabase): Promise<Verification | null> {
  const [row] = await database.query<Verification>({
    name: 'last_verification',
    text: `
      SELECT began_at AS "beganAt", finished_at AS "finishedAt", complete, compared_rows AS "comparedRows",
        (SELECT max(later.differences) FROM verifications AS later WHERE later.id >= whole.id) AS differences
      FROM verifications AS whole WHERE complete ORDER BY id DESC LIMIT 1`,
  });
  return row ?? null;
}

/** Notes what a comparison found. Fails with an UpstreamError. */
export async function noteVerification(
  database: PostgresDatabase,
  { beganAt, complete, comparedRows, differences }: Omit<Verification, 'finishedAt'>,
): Promise<void> {
  await database.query({
    name: 'note_verification',
    text: 'INSERT INTO verifications (began_at, complete, compared_rows, differences) VALUES ($1, $2, $3, $4)',
    values: [new Date(beganAt).toISOString(), complete, comparedRows, differences],
  });
}
