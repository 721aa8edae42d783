import type { ClickHouseDatabase } from '../src/stores/clickhouse/database.js';
import type { PostgresDatabase } from '../src/stores/postgres/database.js';
import { LEGACY } from './fill-postgres.js';

/** What a thing on disk is, and its bytes. */
export interface Size {
  readonly name: string;
  readonly bytes: number;
}

/** Heap, TOAST and indexes of both tables as a legacy database has them. Expects them vacuumed. */
export function postgresSizes(postgres: PostgresDatabase): Promise<Size[]> {
  return postgres.query<{ name: string; bytes: number }>({
    name: 'bench_postgres_sizes',
    text: `
      WITH history AS (
        SELECT oid, reltoastrelid FROM pg_class WHERE oid IN ('events'::regclass, 'delivery_attempts'::regclass)
      )
      SELECT 'heap' AS name, sum(pg_table_size(oid) - pg_total_relation_size(reltoastrelid))::bigint AS bytes FROM history
      UNION ALL
      SELECT 'TOAST', sum(pg_total_relation_size(reltoastrelid))::bigint FROM history
      UNION ALL
      SELECT 'indexes', sum(pg_relation_size(indexrelid))::bigint
      FROM history
      JOIN pg_index ON indrelid = history.oid
      JOIN pg_class AS index ON index.oid = indexrelid
      WHERE indisprimary OR index.relname LIKE $1`,
    values: [`${LEGACY}%`],
  });
}

/** Everything that ClickHouse keeps: both tables with their indexes, and the rollups. */
export function clickhouseSizes(clickhouse: ClickHouseDatabase): Promise<Size[]> {
  return clickhouse.query<{ name: string; bytes: number }>({
    name: 'bench_clickhouse_sizes',
    query: `
      SELECT if(startsWith(table, 'delivery_stats'), 'rollups', table) AS name, sum(bytes_on_disk) AS bytes
      FROM system.parts
      WHERE database = currentDatabase() AND active
        AND table IN ('events', 'delivery_attempts', 'delivery_stats_hourly', 'delivery_stats_daily')
      GROUP BY name
      ORDER BY name`,
  });
}
