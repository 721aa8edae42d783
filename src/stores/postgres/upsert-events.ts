import { type EventRecord, eventType } from '../../records/event.js';
import type { Rows } from '../../records/rows.js';
import { binaryArrays, rowsFromArrays } from './binary-arrays.js';
import type { PostgresDatabase } from './database.js';

const { columnNames } = eventType;

const UPSERT = `
INSERT INTO events AS stored (${columnNames.join(', ')})
${rowsFromArrays(eventType)}
ON CONFLICT (id) DO UPDATE SET ${columnNames
  .filter((name) => name !== 'id')
  .map((name) => `${name} = excluded.${name}`)
  .join(', ')}
WHERE excluded.ingested_at < date_trunc('milliseconds', stored.ingested_at)`;

/**
 * Writes some of the events, each unless one with its id that was taken in no later is stored already; the same again
 * changes nothing. Expects one row an id. Fails with an UpstreamError.
 */
export async function upsertEvents(
  database: PostgresDatabase,
  events: Rows<EventRecord>,
  which: Int32Array,
): Promise<void> {
  await database.query({ name: 'upsert_events', text: UPSERT, values: binaryArrays(events, which) });
}
