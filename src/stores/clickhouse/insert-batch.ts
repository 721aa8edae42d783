import type { RecordType } from '../../records/record-type.js';
import type { ClickHouseDatabase } from './database.js';

/** More than any batch has: an insert that is cut into several blocks is not counted once by its token. */
const ONE_BLOCK = '1000000000';

/** What makes an insert exact: one block, counted once by its token, and views that fail it where they fail. */
export const INSERT_ONE_BLOCK = {
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  materialized_views_ignore_errors: 0,
  async_insert: 0,
  input_format_parallel_parsing: 0,
  max_insert_block_size: ONE_BLOCK,
  min_insert_block_size_rows: ONE_BLOCK,
  min_insert_block_size_bytes: ONE_BLOCK,
  wait_end_of_query: 1,
} as const;

interface BatchInsert {
  /** Header and rows. */
  readonly rowBinary: Buffer;
  /** The same token is only ever used for the same rows. */
  readonly token: string;
  /** Given up here after so long, while the server may go on. Default: the database's own limit. */
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

/**
 * Inserts rows of at most 100 partitions. Sent again with the same token it writes the same rows to the table once
 * more, which changes nothing, and leaves the sums that its views feed as they are. Fails with an UpstreamError, the
 * rows being in or not.
 */
export async function insertBatch<R>(
  database: ClickHouseDatabase,
  { table, columnNames }: RecordType<R>,
  { rowBinary, token, timeoutMs, signal }: BatchInsert,
): Promise<void> {
  await database.insert({
    name: `insert_${table}`,
    query: `INSERT INTO ${table} (${columnNames.join(', ')}) FORMAT RowBinaryWithNamesAndTypes`,
    body: rowBinary,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    settings: { ...INSERT_ONE_BLOCK, insert_deduplication_token: token },
    signal,
  });
}
