import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { STREAMS } from '../records/names.js';
import type { PostgresConnection, PostgresDatabase } from '../stores/postgres/database.js';
import {
  dumpRows,
  restoreRows,
  type TableDefinition,
  type TableFigures,
  tableDefinition,
  tableFigures,
} from '../stores/postgres/table-dump.js';

/** One table in a dump. */
interface DumpedTable {
  readonly definition: TableDefinition;
  /** Where its rows begin and end in the file, bytes. */
  readonly from: number;
  readonly to: number;
}

export interface HistoryDump {
  readonly file: string;
  readonly tables: readonly DumpedTable[];
  readonly bytes: number;
}

/** Behind the rows, as psql reads them. */
const END_OF_ROWS = '\\.\n';

/**
 * Writes both tables into a file that `psql -f` restores. The file is there under its name once it is whole and on the
 * disk. Fails where it cannot be written, and with an UpstreamError.
 */
export async function dumpHistory(database: PostgresDatabase, file: string, now: number): Promise<HistoryDump> {
  const partial = `${file}.partial`;
  const handle = await open(partial, 'w', 0o600);
  try {
    const dump = await database.transaction('dump_history', async (connection) => {
      await connection.query({
        name: 'dump_snapshot',
        // Rows that a policy hides would be missed without a word.
        text: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL row_security = off',
      });
      return writeDump(connection, handle, now);
    });
    await handle.sync();
    await rename(partial, file);
    await syncFolder(dirname(file));
    return { file, ...dump };
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/** A name lasts once its folder is on the disk. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  await handle.sync().finally(() => handle.close());
}

async function writeDump(
  connection: PostgresConnection,
  handle: FileHandle,
  now: number,
): Promise<Pick<HistoryDump, 'tables' | 'bytes'>> {
  let bytes = 0;
  const write = async (part: string | Buffer): Promise<void> => {
    const whole = typeof part === 'string' ? Buffer.from(part) : part;
    await handle.writeFile(whole);
    bytes += whole.length;
  };
  const tables: DumpedTable[] = [];
  await write(`-- The history that ethhook-analytics moved to ClickHouse, dumped ${new Date(now).toISOString()}.\n`);
  await write("SET client_encoding = 'UTF8';\nSET TimeZone = 'UTC';\nSET DateStyle = 'ISO';\n\n");
  for (const table of STREAMS) {
    const definition = await tableDefinition(connection, table);
    await write(`${definition.create}\n\n${definition.copy}\n`);
    const from = bytes;
    await dumpRows(connection, definition, async (rows) => {
      for await (const part of rows) await write(part);
    });
    tables.push({ definition, from, to: bytes });
    await write(`${END_OF_ROWS}\n${definition.afterwards}\n\n`);
  }
  return { tables, bytes };
}

/** Restores a dump into an empty database, from its file alone, and says what it then holds. */
export async function restoredFigures(
  database: PostgresDatabase,
  { file, tables }: HistoryDump,
): Promise<Map<string, TableFigures>> {
  const figures = new Map<string, TableFigures>();
  await database.withConnection('restore_history', async (connection) => {
    for (const { definition, from, to } of tables) {
      await connection.query({ name: 'restore_definition', text: definition.create });
      await restoreRows(connection, definition, await rowsIn(file, from, to));
      if (definition.afterwards !== '') {
        await connection.query({ name: 'restore_indexes', text: definition.afterwards });
      }
      figures.set(definition.table, await tableFigures(connection, definition));
    }
  });
  return figures;
}

async function rowsIn(file: string, from: number, to: number): Promise<Readable> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(END_OF_ROWS.length), 0, END_OF_ROWS.length, to);
    if (buffer.toString('utf8', 0, bytesRead) !== END_OF_ROWS)
      throw new Error(`${file} does not end its rows at ${to}`);
  } finally {
    await handle.close();
  }
  return to > from ? createReadStream(file, { start: from, end: to - 1 }) : Readable.from([], { objectMode: false });
}
