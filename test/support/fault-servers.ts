import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startClickHouse } from '../../src/embedded/clickhouse.js';
import type { EmbeddedServer } from '../../src/embedded/embedded-server.js';
import { freePort } from '../../src/embedded/free-port.js';
import { startPostgres } from '../../src/embedded/postgres.js';
import { startRedis } from '../../src/embedded/redis.js';
import type { Upstream } from '../../src/platform/errors.js';
import { TcpProxy } from './tcp-proxy.js';

const PASSWORD = 'test';
export const UPSTREAMS = ['clickhouse', 'postgres', 'redis'] as const;

/** Three real servers that may be killed and started again, each with a proxy before it that may be a bad network. */
export class FaultServers {
  readonly #folder: string;
  readonly #ports: Readonly<Record<Upstream, number>>;
  readonly #running = new Map<Upstream, EmbeddedServer>();
  readonly #urls = new Map<Upstream, string>();
  readonly #proxies = new Map<Upstream, TcpProxy>();

  private constructor(folder: string, ports: Readonly<Record<Upstream, number>>) {
    this.#folder = folder;
    this.#ports = ports;
  }

  static async start(): Promise<FaultServers> {
    // The prefix by which leftovers of killed runs are found and removed.
    const folder = mkdtempSync(join(tmpdir(), `ethhook-test-${process.pid}-`));
    chmodSync(folder, 0o755);
    const clickhouse = await freePort();
    const postgres = await freePort([clickhouse]);
    const redis = await freePort([clickhouse, postgres]);
    const servers = new FaultServers(folder, { clickhouse, postgres, redis });
    await Promise.all(UPSTREAMS.map((name) => servers.restart(name)));
    for (const name of UPSTREAMS) servers.#proxies.set(name, await TcpProxy.to(servers.url(name)));
    return servers;
  }

  /** Straight to the server. */
  url(name: Upstream): string {
    return found(this.#urls, name);
  }

  /** Through its proxy. */
  proxiedUrl(name: Upstream): string {
    return this.proxy(name).through(this.url(name));
  }

  proxy(name: Upstream): TcpProxy {
    return found(this.#proxies, name);
  }

  pid(name: Upstream): number {
    return found(this.#running, name).pid;
  }

  /** As the kernel does when memory is short: nothing is written, nobody is told. */
  async kill(name: Upstream): Promise<void> {
    const server = found(this.#running, name);
    process.kill(server.pid, 'SIGKILL');
    await server.exited;
  }

  /** Resolves when the process has ended by itself. */
  async ended(name: Upstream): Promise<void> {
    await found(this.#running, name).exited;
  }

  /** On the same port, with what it has on disk. Resolves when it answers. */
  async restart(name: Upstream): Promise<void> {
    const options = { folder: join(this.#folder, name), port: this.#ports[name], password: PASSWORD };
    const server = await {
      clickhouse: () => startClickHouse(options),
      postgres: () => startPostgres(options),
      redis: () => startRedis({ ...options, say: () => undefined }),
    }[name]();
    this.#running.set(name, server);
    this.#urls.set(name, server.url);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.close()));
    await Promise.all([...this.#running.values()].map((server) => server.stop()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function found<Key, Value>(map: ReadonlyMap<Key, Value>, key: Key): Value {
  const value = map.get(key);
  if (value === undefined) throw new Error(`${String(key)} has not been started`);
  return value;
}
