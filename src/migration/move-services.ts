import type { Logger } from '../platform/logger.js';
import type { RedisNames } from '../records/names.js';
import type { ClickHouseDatabase } from '../stores/clickhouse/database.js';
import type { PostgresDatabase } from '../stores/postgres/database.js';
import type { RedisDatabase } from '../stores/redis/database.js';

/** What the commands of the move work with. */
export interface MoveServices {
  readonly postgres: PostgresDatabase;
  readonly clickhouse: ClickHouseDatabase;
  readonly redis: RedisDatabase;
  readonly names: RedisNames;
  readonly retention: { readonly eventsDays: number; readonly attemptsDays: number };
  readonly logger: Logger;
  readonly signal: AbortSignal;
}
