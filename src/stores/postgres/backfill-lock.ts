import { setTimeout as delay } from 'node:timers/promises';
import { UpstreamError } from '../../platform/errors.js';
import type { PostgresConnection, PostgresDatabase } from './database.js';

/** Held by the one backfill or repair that runs. */
export interface BackfillLock {
  /** False once its connection is gone: another backfill may be running. */
  isHeld(): Promise<boolean>;
}

/** Any number, the same in every version: what keeps two backfills apart. */
const BACKFILL_LOCK = 7_316_902_452;
/** The session of a backfill that was killed ends within moments. */
const WAIT_MS = 5_000;
const POLL_MS = 100;

/** Runs `use` while no other backfill runs; resolves to null where one does. Fails with an UpstreamError. */
export function withBackfillLock<T>(
  database: PostgresDatabase,
  use: (lock: BackfillLock) => Promise<T>,
): Promise<T | null> {
  return database.withConnection('backfill_lock', async (connection) => {
    if (!(await take(connection))) return null;
    try {
      return await use({ isHeld: () => isHeld(connection) });
    } finally {
      const unlock = { name: 'backfill_unlock', text: 'SELECT pg_advisory_unlock($1)', values: [BACKFILL_LOCK] };
      // Where it cannot be given back, its connection is gone, and the lock with it.
      await connection.query(unlock).catch(() => undefined);
    }
  });
}

async function take(connection: PostgresConnection): Promise<boolean> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const [row] = await connection.query<{ locked: boolean }>({
      name: 'backfill_lock',
      text: 'SELECT pg_try_advisory_lock($1) AS locked',
      values: [BACKFILL_LOCK],
    });
    if (row?.locked === true) return true;
    if (performance.now() > deadline) return false;
    await delay(POLL_MS);
  }
}

async function isHeld(connection: PostgresConnection): Promise<boolean> {
  try {
    const [row] = await connection.query<{ held: boolean }>({
      name: 'backfill_lock_held',
      text: `SELECT EXISTS (
        SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
          AND classid::bigint << 32 | objid::bigint = $1
      ) AS held`,
      values: [BACKFILL_LOCK],
    });
    return row?.held === true;
  } catch (error) {
    if (error instanceof UpstreamError) return false;
    throw error;
  }
}
