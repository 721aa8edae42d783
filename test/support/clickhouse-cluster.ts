import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startClickHouse } from '../../src/embedded/clickhouse.js';
import type { EmbeddedServer } from '../../src/embedded/embedded-server.js';
import { freePort } from '../../src/embedded/free-port.js';
import { readSchemaMigrations } from '../../src/migration/schema-files.js';
import { ClickHouseDatabase, type ClickHouseQuery } from '../../src/stores/clickhouse/database.js';
import { applyLifetime, applyMigration, prepareForMigrations } from '../../src/stores/clickhouse/schema.js';

/** As the servers' configuration calls it. */
const CLUSTER = 'test';
const SHARDS = 2;
const PASSWORD = 'test';
const LIFETIME = { eventDays: 91, attemptDays: 31 };

interface Shard {
  readonly folder: string;
  readonly httpPort: number;
  readonly tcpPort: number;
}

/**
 * A cluster of two shards of one replica each, which are embedded servers. These know neither Keeper nor ON CLUSTER nor
 * replicated engines: what the migrations say is run on each by itself, with the engines that they know.
 */
export class ClickHouseCluster {
  readonly #folder: string;
  readonly #shards: readonly Shard[];
  readonly #servers = new Map<Shard, EmbeddedServer & { readonly readerUrl: string }>();

  private constructor(folder: string, shards: readonly Shard[]) {
    this.#folder = folder;
    this.#shards = shards;
  }

  static async start(): Promise<ClickHouseCluster> {
    const folder = mkdtempSync(join(tmpdir(), `ethhook-test-${process.pid}-cluster-`));
    const ports: number[] = [];
    while (ports.length < 2 * SHARDS) ports.push(await freePort(ports));
    const shards = Array.from({ length: SHARDS }, (_, index) => ({
      folder: join(folder, `shard-${index + 1}`),
      httpPort: ports[2 * index] ?? 0,
      tcpPort: ports[2 * index + 1] ?? 0,
    }));
    const cluster = new ClickHouseCluster(folder, shards);
    for (const shard of shards) {
      for (const folder of ['config.d', 'users.d']) mkdirSync(join(shard.folder, folder), { recursive: true });
      writeFileSync(join(shard.folder, 'config.d', 'cluster.xml'), configuration(shards, shard));
      writeFileSync(join(shard.folder, 'users.d', 'cluster.xml'), READER_OF_SHARDS);
      await cluster.restart(shards.indexOf(shard));
    }
    return cluster;
  }

  /** A database on every shard, migrated, and the ways into it: through the first shard alone, also to read only. */
  async freshDatabase() {
    const name = freshName();
    const straight = this.straightTo('default');
    for (const shard of straight) await shard.command({ name: 'test', query: `CREATE DATABASE ${name}` });
    await Promise.all(straight.map((shard) => shard.close()));
    const shards = this.straightTo(name);
    const [first] = this.#shards;
    if (first === undefined) throw new Error('there is a shard');
    const { url, readerUrl } = this.#urlsOf(first, name);
    const database = new ClusteredDatabase(url, shards);
    const reader = new ClickHouseDatabase(readerUrl, { applicationName: 'test', cluster: CLUSTER });
    await migrate(database);
    return {
      url,
      database,
      reader,
      async close(): Promise<void> {
        for (const shard of shards) await shard.command({ name: 'test', query: `DROP DATABASE ${name} SYNC` });
        await Promise.all([database, reader, ...shards].map((each) => each.close()));
      },
    };
  }

  /** A migrated database on the first server alone, and where other servers find it. */
  async singleServerDatabase() {
    const name = freshName();
    const shard = this.#shardAt(0);
    const straight = this.#open(shard, 'default');
    await straight.command({ name: 'test', query: `CREATE DATABASE ${name}` });
    const database = this.#open(shard, name);
    await migrate(database);
    return {
      address: `127.0.0.1:${shard.tcpPort}`,
      database,
      async close(): Promise<void> {
        await database.close();
        await straight.command({ name: 'test', query: `DROP DATABASE ${name} SYNC` }).finally(() => straight.close());
      },
    };
  }

  /** A connection to each shard by itself, for whoever closes it. */
  straightTo(name: string): readonly ClickHouseDatabase[] {
    return this.#shards.map((shard) => this.#open(shard, name));
  }

  /** As the kernel does when memory is short. */
  async kill(index: number): Promise<void> {
    const server = this.#serverOf(this.#shardAt(index));
    process.kill(server.pid, 'SIGKILL');
    await server.exited;
  }

  /** On the same ports, with what it has on disk. */
  async restart(index: number): Promise<void> {
    const shard = this.#shardAt(index);
    const server = await startClickHouse({ folder: shard.folder, port: shard.httpPort, password: PASSWORD });
    this.#servers.set(shard, server);
    const database = new ClickHouseDatabase(server.url, { applicationName: 'test' });
    await database.command({ name: 'test', query: 'SYSTEM START LISTEN TCP' }).finally(() => database.close());
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.stop()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #shardAt(index: number): Shard {
    const shard = this.#shards[index];
    if (shard === undefined) throw new Error(`there is no shard ${index}`);
    return shard;
  }

  #serverOf(shard: Shard): EmbeddedServer & { readonly readerUrl: string } {
    const server = this.#servers.get(shard);
    if (server === undefined) throw new Error('the shard has not been started');
    return server;
  }

  #urlsOf(shard: Shard, name: string): { url: string; readerUrl: string } {
    const { url, readerUrl } = this.#serverOf(shard);
    const withName = (text: string): string => new URL(`/${name}`, text).href;
    return { url: withName(url), readerUrl: withName(readerUrl) };
  }

  #open(shard: Shard, name: string): ClickHouseDatabase {
    return new ClickHouseDatabase(this.#urlsOf(shard, name).url, { applicationName: 'test', maxConnections: 1 });
  }
}

/** Runs what is said ON CLUSTER on each shard. */
class ClusteredDatabase extends ClickHouseDatabase {
  readonly #shards: readonly ClickHouseDatabase[];

  constructor(url: string, shards: readonly ClickHouseDatabase[]) {
    super(url, { applicationName: 'test', cluster: CLUSTER });
    this.#shards = shards;
  }

  override async command(query: ClickHouseQuery): Promise<number> {
    const alone = query.query.replace(` ON CLUSTER '${CLUSTER}'`, '');
    if (alone === query.query) return super.command(query);
    for (const shard of this.#shards) await shard.command({ ...query, query: unreplicated(alone) });
    return 0;
  }
}

async function migrate(database: ClickHouseDatabase): Promise<void> {
  await prepareForMigrations(database);
  for (const migration of await readSchemaMigrations('clickhouse')) await applyMigration(database, migration, LIFETIME);
  await applyLifetime(database, LIFETIME);
}

const freshName = (): string => `test_${randomUUID().replaceAll('-', '')}`;

const unreplicated = (statement: string): string =>
  statement
    .replace(/ENGINE = Replicated/, 'ENGINE = ')
    .replace(/\breplicated_deduplication_window = /, 'non_replicated_deduplication_window = ')
    .replace(/, replicated_deduplication_window_seconds = \d+/, '');

/** A shard is asked without a limit to its rows, by a server that has one: docs/security.md. */
const READER_OF_SHARDS = `<clickhouse><profiles><reader><constraints>
  <max_result_rows><min remove="1"/></max_result_rows>
</constraints></reader></profiles></clickhouse>
`;

const configuration = (shards: readonly Shard[], { tcpPort }: Shard): string => `<clickhouse>
  <tcp_port>${tcpPort}</tcp_port>
  <remote_servers>
    <${CLUSTER}>
      <secret>${PASSWORD}</secret>
      ${shards.map((shard) => shardConfiguration(shard)).join('\n      ')}
    </${CLUSTER}>
  </remote_servers>
</clickhouse>
`;

const shardConfiguration = ({ tcpPort }: Shard): string =>
  `<shard><internal_replication>true</internal_replication><replica><host>127.0.0.1</host><port>${tcpPort}</port></replica></shard>`;
