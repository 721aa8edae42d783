import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'ethhook-test-';
const PASSWORD = 'test';
const DIST = new URL('../../dist/src/embedded/', import.meta.url);

/** Starts the three servers once for all tests of this run. They die with this process, however it ends. */
export default async function setup() {
  if (!existsSync(new URL('clickhouse-process.js', DIST))) {
    throw new Error('These tests start compiled processes, and dist/ has none. Run: npm run build');
  }
  removeLeftovers();
  const [{ startClickHouse }, { startPostgres }, { startRedis }, { freePort }] = await Promise.all(
    ['clickhouse', 'postgres', 'redis', 'free-port'].map((name) => import(new URL(`${name}.js`, DIST).href)),
  );
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  chmodSync(folder, 0o755);
  const ports = [];
  for (let i = 0; i < 3; i++) ports.push(await freePort(ports));
  const options = (name, index) => ({ folder: join(folder, name), port: ports[index], password: PASSWORD });

  const started = await Promise.allSettled([
    startClickHouse(options('clickhouse', 0)),
    startPostgres(options('postgres', 1)),
    startRedis({ ...options('redis', 2), say: (message) => process.stderr.write(`${message}\n`) }),
  ]);
  const servers = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  globalThis.stopTestServers = async () => {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  const failed = started.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await globalThis.stopTestServers();
    throw failed.reason;
  }
  const [clickhouse, postgres, redis] = servers;
  process.env.ETHHOOK_TEST_SERVERS = JSON.stringify({
    clickhouseUrl: clickhouse.url,
    clickhouseReaderUrl: clickhouse.readerUrl,
    postgresUrl: postgres.url,
    redisUrl: redis.url,
  });
}

/** Folders of runs that were killed before they could tidy up. */
function removeLeftovers() {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const pid = Number(name.slice(PREFIX.length).split('-')[0]);
    if (!existsSync(`/proc/${pid}`) && existsSync('/proc')) {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    }
  }
}
