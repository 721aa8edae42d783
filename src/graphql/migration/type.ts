import { Field, ObjectType, registerEnumType } from 'type-graphql';
import type { MigrationStatus, SinkStatus } from '../../migration/status.js';
import type { MigrationPhase, Store } from '../../records/migration-phase.js';
import type { StreamName } from '../../records/names.js';
import type { BackfillTable } from '../../stores/postgres/backfill-store.js';
import { DateTime, SafeInt } from '../scalars.js';

const MigrationPhaseName = {
  POSTGRES: 'postgres',
  DUAL_WRITE: 'dual_write',
  CUTOVER: 'cutover',
  COMPLETE: 'complete',
} as const satisfies Record<string, MigrationPhase>;
registerEnumType(MigrationPhaseName, { name: 'MigrationPhase' });

const StoreName = { POSTGRES: 'postgres', CLICKHOUSE: 'clickhouse' } as const satisfies Record<string, Store>;
registerEnumType(StoreName, { name: 'Store' });

@ObjectType('SinkStatus', { simpleResolvers: true })
class SinkStatusType implements SinkStatus {
  @Field((_type) => StoreName)
  readonly store!: Store;

  @Field((_type) => String)
  readonly stream!: StreamName;

  @Field((_type) => SafeInt, { description: 'Entries that nobody was given yet.' })
  readonly lag!: number;

  @Field((_type) => SafeInt, { description: 'Entries that are being written.' })
  readonly pending!: number;

  @Field((_type) => DateTime, { nullable: true })
  readonly oldestPendingAt!: number | null;

  @Field((_type) => DateTime, { nullable: true })
  readonly lastCommittedAt!: number | null;
}

@ObjectType('BackfillStatus', { simpleResolvers: true })
class BackfillStatusType implements Omit<BackfillTable, 'watermark' | 'retentionFrom'> {
  @Field((_type) => String)
  readonly table!: StreamName;

  @Field((_type) => SafeInt)
  readonly rowsTotal!: number;

  @Field((_type) => SafeInt, { description: 'Rows that were copied.' })
  readonly rowsDone!: number;

  @Field((_type) => SafeInt, { description: 'Rows that are past the retention or that ClickHouse cannot hold.' })
  readonly rowsRejected!: number;

  @Field((_type) => DateTime, { nullable: true })
  readonly startedAt!: number | null;

  @Field((_type) => DateTime, { nullable: true })
  readonly finishedAt!: number | null;
}

@ObjectType('MigrationStatus', {
  description: 'Where the move from Postgres to ClickHouse stands.',
  simpleResolvers: true,
})
export class MigrationStatusType implements MigrationStatus {
  @Field((_type) => MigrationPhaseName)
  readonly phase!: MigrationPhase;

  @Field((_type) => DateTime)
  readonly since!: number;

  @Field((_type) => StoreName)
  readonly readsFrom!: Store;

  @Field((_type) => [StoreName])
  readonly writesTo!: readonly Store[];

  @Field((_type) => [SinkStatusType], { description: 'One a stream and store that is written.' })
  readonly sinks!: readonly SinkStatus[];

  @Field((_type) => [BackfillStatusType], { description: 'Empty where no backfill is planned.' })
  readonly backfill!: readonly BackfillTable[];

  @Field((_type) => DateTime, { nullable: true, description: 'When both stores were last compared as a whole.' })
  readonly verifiedAt!: number | null;

  @Field((_type) => SafeInt, { nullable: true, description: 'How many differences there were then.' })
  readonly differences!: number | null;

  @Field((_type) => SafeInt)
  readonly deadLetters!: number;
}
