import type { ClickHouseDatabase } from '../../src/stores/clickhouse/database.js';

/** Inserts of attempts take ClickHouse so much longer for each row, until the function that it resolves to is called. */
export async function slowInserts(clickhouse: ClickHouseDatabase, secondsPerRow: number): Promise<() => Promise<void>> {
  const run = (query: string) => clickhouse.command({ name: 'test', query });
  await run('CREATE TABLE of_slow (id UUID) ENGINE = MergeTree ORDER BY id');
  await run(`CREATE MATERIALIZED VIEW slow TO of_slow AS SELECT id FROM delivery_attempts
    WHERE sleepEachRow(${secondsPerRow}) = 0 SETTINGS function_sleep_max_microseconds_per_block = 0`);
  return async () => {
    await run('DROP VIEW slow');
    await run('DROP TABLE of_slow');
  };
}
