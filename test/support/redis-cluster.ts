import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startServer } from '../../src/embedded/child.js';
import { freePort } from '../../src/embedded/free-port.js';
import { findRedis } from '../../src/embedded/redis-binary.js';
import { RedisDatabase } from '../../src/stores/redis/database.js';
import { until } from './until.js';

const SLOTS = 16_384;

interface Node {
  readonly folder: string;
  readonly port: number;
  readonly url: string;
}

/** A Redis Cluster of two nodes without replicas, which have half of the slots each. */
export class RedisCluster {
  readonly #folder: string;
  readonly #nodes: readonly Node[];
  readonly #servers = new Map<Node, Child>();

  private constructor(folder: string, nodes: readonly Node[]) {
    this.#folder = folder;
    this.#nodes = nodes;
  }

  static async start(): Promise<RedisCluster> {
    const folder = mkdtempSync(join(tmpdir(), `ethhook-test-${process.pid}-redis-`));
    const first = await freePort();
    const ports = [first, await freePort([first])];
    const nodes = ports.map((port) => ({ folder: join(folder, String(port)), port, url: `redis://127.0.0.1:${port}` }));
    const cluster = new RedisCluster(folder, nodes);
    for (const index of nodes.keys()) {
      await cluster.restart(index);
      const half = SLOTS / nodes.length;
      await cluster.#command(index, 'CLUSTER', 'ADDSLOTSRANGE', index * half, (index + 1) * half - 1);
    }
    await cluster.#command(0, 'CLUSTER', 'MEET', '127.0.0.1', ports[1] ?? 0);
    await until('the nodes have met', async () => {
      const states = await Promise.all(nodes.map((_node, index) => cluster.#command(index, 'CLUSTER', 'INFO')));
      return states.every((state) => String(state).includes('cluster_state:ok'));
    });
    return cluster;
  }

  /** The nodes' URLs, that of the one that has this key first. */
  async urlsFor(key: string): Promise<readonly [string, string]> {
    const [first, second] = this.#nodes.map(({ url }) => url);
    if (first === undefined || second === undefined) throw new Error('there are two nodes');
    return (await this.#slotOf(key)) < SLOTS / 2 ? [first, second] : [second, first];
  }

  /** Gives the slot of a key, which is not there, from one node to the other. */
  async giveSlot(key: string, fromUrl: string, toUrl: string): Promise<void> {
    const [from, to] = [this.#indexOf(fromUrl), this.#indexOf(toUrl)];
    const slot = await this.#slotOf(key);
    const [fromId, toId] = [await this.#command(from, 'CLUSTER', 'MYID'), await this.#command(to, 'CLUSTER', 'MYID')];
    await this.#command(to, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(fromId));
    await this.#command(to, 'CLUSTER', 'SETSLOT', slot, 'NODE', String(toId));
    await this.#command(from, 'CLUSTER', 'SETSLOT', slot, 'NODE', String(toId));
  }

  async kill(url: string): Promise<void> {
    const server = this.#servers.get(this.#nodeAt(this.#indexOf(url)));
    if (server === undefined) throw new Error('the node has not been started');
    process.kill(server.pid, 'SIGKILL');
    await server.exited;
  }

  /** On the same port, with what it has on disk. Resolves when it answers. */
  async restart(index: number): Promise<void> {
    const node = this.#nodeAt(index);
    const binary = findRedis(() => undefined);
    mkdirSync(node.folder, { recursive: true });
    const server = await startServer({
      command: binary.path,
      args: `--port ${node.port} --bind 127.0.0.1 --dir ${node.folder} --appendonly yes --cluster-enabled yes`.split(
        ' ',
      ),
      environment: binary.environment,
      logFile: join(node.folder, 'redis.log'),
      stopSignal: 'SIGTERM',
      deathSignal: 'SIGKILL',
    });
    this.#servers.set(node, server);
    await until('the node answers', () =>
      this.#command(index, 'PING').then(
        () => true,
        () => false,
      ),
    );
  }

  /** See {@link restart}. */
  restartAt(url: string): Promise<void> {
    return this.restart(this.#indexOf(url));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.stop()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #slotOf(key: string): Promise<number> {
    return Number(await this.#command(0, 'CLUSTER', 'KEYSLOT', key));
  }

  #indexOf(url: string): number {
    return this.#nodes.findIndex((node) => node.url === url);
  }

  #nodeAt(index: number): Node {
    const node = this.#nodes[index];
    if (node === undefined) throw new Error(`there is no node ${index}`);
    return node;
  }

  async #command(index: number, name: string, ...args: readonly (string | number)[]): Promise<unknown> {
    const redis = new RedisDatabase(this.#nodeAt(index).url, { applicationName: 'test' });
    try {
      return await redis.command(name, ...args);
    } finally {
      redis.close();
    }
  }
}
