/** The titles of the comparisons of `plan`, and its sides: the table of the plan finds them by these. */
export const INSERTING = 'Inserting a million attempts';
export const CPU = 'Milliseconds of a core for one question';
export const MEMORY = 'Memory at its peak';
export const PLAN_SIDES = {
  insert: 'INSERT, RowBinary, with both rollups',
  copy: 'COPY into Postgres',
  gateway: 'gateway and ClickHouse',
  join: 'Postgres, four-table join',
  clickhouse: 'ClickHouse',
} as const;
