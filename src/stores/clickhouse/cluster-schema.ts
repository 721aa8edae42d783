/** Where tables are made on a cluster. */
export interface ClusterPlacement {
  readonly database: string;
  readonly cluster: string;
}

/**
 * The tables that are cut up, by what tells the shard of a row: all rows of a user lie on one shard, so that none has to
 * be merged or summed with one of another shard; so do the versions of an event.
 */
const SHARDING_KEYS: Readonly<Record<string, string>> = {
  events: 'sipHash64(id)',
  delivery_attempts: 'sipHash64(user_id)',
  delivery_stats_hourly: 'sipHash64(user_id)',
  delivery_stats_daily: 'sipHash64(user_id)',
  ethhook_schema_migrations: 'number',
};
/** A batch may be tried again for as long: Keeper forgets a token by its age too. */
const TOKENS_KEPT_SECONDS = 30 * 86_400;

const CUT_UP = new RegExp(`\\b(${Object.keys(SHARDING_KEYS).join('|')})\\b`, 'g');
const HEAD =
  /^(CREATE TABLE IF NOT EXISTS|CREATE MATERIALIZED VIEW IF NOT EXISTS|ALTER TABLE(?= \w+ (?:(?:ADD|DROP|MATERIALIZE) INDEX\b|MODIFY TTL\b|MODIFY COLUMN \w+ CODEC\b))) (\w+)/;

/**
 * What a statement of the single node's schema is on a cluster. Each table becomes a replicated one by its name and
 * `_local`, and a Distributed one over all shards has the public name; a view adds up, on each shard, what is inserted
 * there. Throws where it is not known what a statement means for a cluster.
 */
export function onCluster(statement: string, { database, cluster }: ClusterPlacement): string[] {
  const [head, kind, name = ''] = HEAD.exec(statement) ?? [];
  if (head === undefined) throw new Error(`it is not known what this does on a cluster: ${statement}`);
  const qualified = (table: string): string => `\`${database}\`.${table}`;
  const local = (table: string): string => qualified(`${table}_local`);
  const key = SHARDING_KEYS[name];
  const everywhere = `${kind} ${key === undefined ? qualified(name) : local(name)} ON CLUSTER '${cluster}'`;
  const rest = statement
    .slice(head.length)
    .replace(CUT_UP, local)
    .replace(/\bENGINE = (?=\w*MergeTree\b)/, 'ENGINE = Replicated')
    .replace(
      /\bnon_replicated_deduplication_window = \d+/,
      (setting) => `${setting.slice('non_'.length)}, replicated_deduplication_window_seconds = ${TOKENS_KEPT_SECONDS}`,
    );
  if (key === undefined || !statement.startsWith('CREATE TABLE')) return [everywhere + rest];
  return [
    everywhere + rest,
    `CREATE TABLE IF NOT EXISTS ${qualified(name)} ON CLUSTER '${cluster}' AS ${local(name)}
ENGINE = Distributed('${cluster}', '${database}', '${name}_local', ${key})`,
  ];
}
