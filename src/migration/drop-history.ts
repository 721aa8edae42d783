import { existsSync } from 'node:fs';
import { messageOf, UserError } from '../platform/errors.js';
import { STREAMS } from '../records/names.js';
import { withScratchDatabase } from '../stores/postgres/scratch-database.js';
import { dropTables, lockTables, type TableFigures, tableExists, tableFigures } from '../stores/postgres/table-dump.js';
import { groupEnded } from './catch-up.js';
import { dumpHistory, type HistoryDump, restoredFigures } from './history-dump.js';
import type { MoveServices } from './move-services.js';

/** What was dropped, and where it is kept. */
export interface DropReport {
  readonly backup: string;
  readonly bytes: number;
  readonly tables: readonly { readonly table: string; readonly rows: number }[];
}

const FOLLOW_MS = 15_000;
const NOTHING_DROPPED = 'Nothing was dropped.';

interface DropOptions {
  readonly backup: string;
  readonly postgresUrl: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Fails with a UserError where the tables cannot be dropped, before anything is changed. */
export async function assertDroppable({ postgres }: MoveServices, { backup }: DropOptions): Promise<void> {
  if (existsSync(backup))
    throw new UserError(`${backup} is there already. Name a file that is not: ${NOTHING_DROPPED}`);
  const missing = await postgres.withConnection('find_history', async (connection) => {
    const found = [];
    for (const table of STREAMS) if (!(await tableExists(connection, table))) found.push(table);
    return found;
  });
  if (missing.length > 0)
    throw new UserError(`There is nothing to drop: ${missing.join(' and ')} not found in Postgres.`);
}

/**
 * Dumps the two old tables into a file, restores the file into a scratch database, and drops the tables if what was
 * restored is what they hold, compared while nobody else can reach them. Fails with a UserError or an UpstreamError,
 * the tables being as they were.
 */
export async function dropHistory(services: MoveServices, options: DropOptions): Promise<DropReport> {
  const { postgres, logger } = services;
  await assertNoLongerWritten(services);
  const dump = await dumpHistory(postgres, options.backup, options.now).catch((error: unknown) => {
    throw new UserError(`${options.backup} could not be written: ${messageOf(error)}\n${NOTHING_DROPPED}`);
  });
  logger.info({ file: dump.file, bytes: dump.bytes }, 'dumped, restoring it into a scratch database');
  const restored = await withScratchDatabase(options.postgresUrl, 'ethhook-finalize', (scratch) =>
    restoredFigures(scratch, dump),
  ).catch((error: unknown) => {
    throw new UserError(
      `The dump ${dump.file} could not be restored into a scratch database: ${messageOf(error)}\n${NOTHING_DROPPED} ` +
        'See that the user of POSTGRES_URL may create databases.',
    );
  });
  await dropIfEqual(services, dump, restored);
  const tables = dump.tables.map(({ definition: { table } }) => ({ table, rows: Number(restored.get(table)?.rows) }));
  return { backup: dump.file, bytes: dump.bytes, tables };
}

function dropIfEqual(
  { postgres }: MoveServices,
  { file, tables }: HistoryDump,
  restored: ReadonlyMap<string, TableFigures>,
): Promise<void> {
  return postgres.transaction('drop_history', async (connection) => {
    await lockTables(connection, STREAMS);
    for (const { definition } of tables) {
      const held = await tableFigures(connection, definition);
      const kept = restored.get(definition.table);
      if (kept !== undefined && held.rows === kept.rows && held.sum === kept.sum && held.xor === kept.xor) continue;
      throw new UserError(
        `${definition.table} holds ${held.rows} rows and the dump ${file} restores ${kept?.rows ?? 0}, or other ones: ` +
          `somebody still writes it. ${NOTHING_DROPPED} Find out who, then run finalize again with another file.`,
      );
    }
    await dropTables(connection, STREAMS);
  });
}

/** A worker that follows the phase ends the group of a store that is no longer written. */
async function assertNoLongerWritten(services: MoveServices): Promise<void> {
  if (await groupEnded(services, 'postgres', FOLLOW_MS)) return;
  throw new UserError(
    `The group postgres is still there ${FOLLOW_MS / 1000} s after the move was completed: no worker has followed. ` +
      `${NOTHING_DROPPED} See that a worker runs, then run finalize again.`,
  );
}
