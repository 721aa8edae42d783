import type { StreamName } from '../../records/names.js';
import type { TimeRange } from '../../records/time-range.js';
import { timestamp } from './attempts-of-users.js';
import type { PostgresConnection, PostgresDatabase } from './database.js';
import { listUnmovableTimes } from './history-rows.js';
import { holdPhase, type PhaseRow } from './phase-store.js';

/** What is planned for one table and how far it is. Times are milliseconds since 1970, UTC. */
export interface BackfillTable {
  readonly table: StreamName;
  /** When it was planned, both stores being written: what is written later comes by the streams. */
  readonly watermark: number;
  /** Older rows have outlived the retention and stay. */
  readonly retentionFrom: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly rowsTotal: number;
  /** Copied. */
  readonly rowsDone: number;
  /** Not to be moved: past the retention, or not to be held by ClickHouse. */
  readonly rowsRejected: number;
}

/** The rows of a table with a time in `range`, which lies within one UTC day. */
export interface PlannedChunk {
  readonly range: TimeRange;
  readonly rows: number;
  /** Whether they have outlived the retention. */
  readonly expired: boolean;
}

export interface BackfillChunk extends PlannedChunk {
  readonly table: StreamName;
}

/** What is to be copied of one table. */
export interface TablePlan {
  readonly table: StreamName;
  readonly retentionFrom: number;
  readonly chunks: readonly PlannedChunk[];
  /** How many rows have a time that cannot be moved, so that no chunk has them. */
  readonly unmovable: number;
}

/** A row that ClickHouse cannot hold. */
export interface Rejection {
  readonly table: StreamName;
  readonly id: string;
  /** RFC 3339, UTC, milliseconds; as Postgres writes it where that has no word for it, such as `infinity`. */
  readonly time: string;
  readonly reason: string;
}

/** The plan of the backfill and its progress. Every method fails with an UpstreamError. */
export class BackfillStore {
  readonly #database: PostgresDatabase;

  constructor(database: PostgresDatabase) {
    this.#database = database;
  }

  tables(): Promise<BackfillTable[]> {
    return this.#database.query<BackfillTable>({
      name: 'backfill_tables',
      text: `
        SELECT planned.table_name AS "table", watermark, retention_from AS "retentionFrom", started_at AS "startedAt",
          planned.finished_at AS "finishedAt",
          coalesce(sum(CASE WHEN chunk.finished_at IS NULL THEN rows_planned ELSE rows_copied + rows_rejected END), 0) AS "rowsTotal",
          coalesce(sum(rows_copied), 0) AS "rowsDone", coalesce(sum(rows_rejected), 0) AS "rowsRejected"
        FROM backfill_tables AS planned
        LEFT JOIN backfill_chunks AS chunk USING (table_name)
        GROUP BY planned.table_name
        ORDER BY planned.table_name DESC`,
    });
  }

  /**
   * Keeps a plan, unless there is one, and lists the rows whose time cannot be moved. Resolves to false where the phase
   * has changed since it was read: what it was planned for does not hold then.
   */
  plan(phase: PhaseRow, watermark: number, plans: readonly TablePlan[]): Promise<boolean> {
    return this.#database.transaction('plan_backfill', async (connection) => {
      if (!(await holdPhase(connection, phase))) return false;
      for (const plan of plans) await planTable(connection, watermark, plan);
      return true;
    });
  }

  /** Newest first: those are asked for most. */
  async openChunks(table: StreamName): Promise<BackfillChunk[]> {
    const rows = await this.#database.query<{ from: number; to: number; rows: number }>({
      name: 'open_backfill_chunks',
      text: `SELECT from_at AS "from", to_at AS "to", rows_planned AS rows
        FROM backfill_chunks WHERE table_name = $1 AND finished_at IS NULL ORDER BY from_at DESC`,
      values: [table],
    });
    return rows.map(({ from, to, rows: planned }) => ({ table, range: { from, to }, rows: planned, expired: false }));
  }

  async noteStarted(table: StreamName): Promise<void> {
    await this.#database.query({
      name: 'note_backfill_started',
      text: 'UPDATE backfill_tables SET started_at = coalesce(started_at, now()) WHERE table_name = $1',
      values: [table],
    });
  }

  /** Resolves to false where the chunk is no longer planned. */
  async noteChunk({ table, range }: BackfillChunk, copied: number, rejected: number): Promise<boolean> {
    const noted = await this.#database.query({
      name: 'note_backfill_chunk',
      text: `UPDATE backfill_chunks SET rows_copied = $3, rows_rejected = $4, finished_at = now()
        WHERE table_name = $1 AND from_at = $2 RETURNING 1`,
      values: [table, timestamp(range.from), copied, rejected],
    });
    return noted.length > 0;
  }

  /** Notes that a table is done, if all its chunks are. Resolves to whether it is. */
  async noteFinished(table: StreamName): Promise<boolean> {
    const done = await this.#database.query({
      name: 'note_backfill_finished',
      text: `UPDATE backfill_tables SET finished_at = coalesce(finished_at, now())
        WHERE table_name = $1
          AND NOT EXISTS (SELECT FROM backfill_chunks WHERE table_name = $1 AND finished_at IS NULL)
        RETURNING 1`,
      values: [table],
    });
    return done.length > 0;
  }

  /** The rows that cannot be moved, by table and time, `limit` at most. */
  rejections(limit: number): Promise<Rejection[]> {
    return this.#database.query<Rejection>({
      name: 'backfill_rejections',
      text: `
        SELECT table_name AS "table", id, reason,
          CASE WHEN row_at BETWEEN '0001-01-01Z' AND '9999-12-31Z'
            THEN to_char(row_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') ELSE row_at::text END AS time
        FROM backfill_rejections ORDER BY table_name, row_at, id LIMIT $1`,
      values: [limit],
    });
  }

  /** How many rows have outlived the retention, by table and day. */
  expired(): Promise<{ table: StreamName; day: number; rows: number }[]> {
    return this.#database.query<{ table: StreamName; day: number; rows: number }>({
      name: 'backfill_expired',
      text: `SELECT table_name AS "table", date_trunc('day', from_at, 'UTC') AS day, sum(rows_planned) AS rows
        FROM backfill_chunks WHERE expired GROUP BY 1, 2 ORDER BY 1, 2`,
    });
  }
}

async function planTable(
  connection: PostgresConnection,
  watermark: number,
  { table, retentionFrom, chunks, unmovable }: TablePlan,
): Promise<void> {
  const kept = await connection.query({
    name: 'plan_backfill_table',
    text: `INSERT INTO backfill_tables (table_name, watermark, retention_from) VALUES ($1, $2, $3)
      ON CONFLICT DO NOTHING RETURNING 1`,
    values: [table, timestamp(watermark), timestamp(retentionFrom)],
  });
  if (kept.length === 0) return;
  await connection.query({
    name: 'plan_backfill_chunks',
    text: `
      INSERT INTO backfill_chunks (table_name, from_at, to_at, rows_planned, expired, rows_copied, rows_rejected, finished_at)
      SELECT $1, from_at, to_at, rows, expired, CASE WHEN expired THEN 0 END, CASE WHEN expired THEN rows END,
        CASE WHEN expired THEN now() END
      FROM unnest($2::timestamptz[], $3::timestamptz[], $4::bigint[], $5::boolean[]) AS given (from_at, to_at, rows, expired)`,
    values: [
      table,
      chunks.map(({ range }) => timestamp(range.from)),
      chunks.map(({ range }) => timestamp(range.to)),
      chunks.map(({ rows }) => rows),
      chunks.map(({ expired }) => expired),
    ],
  });
  if (unmovable === 0) return;
  const listed = await listUnmovableTimes(connection, table);
  await connection.query({
    name: 'plan_unmovable_times',
    text: `
      INSERT INTO backfill_chunks (table_name, from_at, to_at, rows_planned, expired, rows_copied, rows_rejected, finished_at)
      VALUES ($1, '-infinity', 'infinity', $2, false, 0, $2, now())`,
    values: [table, listed],
  });
}
