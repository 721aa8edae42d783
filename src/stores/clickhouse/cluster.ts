import type { ClickHouseSettings } from '@clickhouse/client';

/** Where the tables are, as far as a statement has to know. */
interface Placement {
  /** Null on a single node. */
  readonly cluster: string | null;
}

/** What makes many shards and replicas answer, and keep, as exactly as one server does. */
export const CLUSTER_SETTINGS: ClickHouseSettings = {
  // A subquery sees every shard: the attempts of an event lie elsewhere than the event.
  distributed_product_mode: 'global',
  // All rows of a user lie on one shard, and the others are not asked.
  optimize_skip_unused_shards: 1,
  // An insert is answered once every shard has its part of it, in most of its replicas.
  distributed_foreground_insert: 1,
  insert_quorum: 'auto',
  // Everyone asks the replica that everyone writes to, so that what was just written is there.
  load_balancing: 'in_order',
  prefer_localhost_replica: 0,
  // One that was away, once it has caught up.
  max_replica_delay_for_distributed_queries: '1',
  // Where none has caught up, the question fails: a stale answer would lack what was acknowledged.
  fallback_to_stale_replicas_for_distributed_queries: 0,
};

/** The table that holds the rows of one shard, under the public name on a single node. */
export const localTable = ({ cluster }: Placement, table: string): string =>
  cluster === null ? table : `${table}_local`;

/** The tables that hold the rows, on every server. For a statement that changes what is there. */
export const everyLocalTable = (placement: Placement, table: string): string =>
  placement.cluster === null ? table : `${localTable(placement, table)} ON CLUSTER '${placement.cluster}'`;

/** A system table of every shard, each by the replica that is asked for rows too. For FROM. */
export const onEveryShard = ({ cluster }: Placement, table: string): string =>
  cluster === null ? table : `cluster('${cluster}', ${table})`;

/** A system table of every server, replicas included. For FROM. */
export const onEveryServer = ({ cluster }: Placement, table: string): string =>
  cluster === null ? table : `clusterAllReplicas('${cluster}', ${table})`;
