import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { startServer, untilReady } from './child.js';
import type { EmbeddedOptions, EmbeddedServer } from './embedded-server.js';
import { findRedis } from './redis-binary.js';

interface RedisOptions extends EmbeddedOptions {
  /** Hears of what is done to the machine, such as a download. */
  readonly say: (message: string) => void;
}

/** Starts Redis or Valkey, every write in an append-only file. Fails with a UserError. */
export async function startRedis({ folder, port, password, say, signal }: RedisOptions): Promise<EmbeddedServer> {
  const binary = findRedis(say);
  const data = join(folder, 'data');
  const configFile = join(folder, 'redis.conf');
  const logFile = join(folder, 'redis.log');
  mkdirSync(data, { recursive: true, mode: 0o700 });
  writeFileSync(configFile, configuration(data, port, password), { mode: 0o600 });
  const child = await startServer({
    command: binary.path,
    args: [configFile],
    environment: binary.environment,
    logFile,
    stopSignal: 'SIGTERM',
    // It has written what it acknowledged; and a lingering one would share the files with the next.
    deathSignal: 'SIGKILL',
  });
  await untilReady({ what: 'Redis', child, logFile, probe: () => answers(port, password), signal });
  return { ...child, name: 'redis', url: `redis://default:${password}@127.0.0.1:${port}` };
}

/**
 * Each write is handed to the system before it is acknowledged, so that a Redis that is killed has lost none.
 * With `everysec` it is held back while the disk is slow to write through (docs/decisions/0006-redis-appendfsync.md).
 */
const configuration = (data: string, port: number, password: string): string => `bind 127.0.0.1
port ${port}
requirepass ${password}
dir ${JSON.stringify(data)}
save ""
appendonly yes
appendfsync no
maxmemory-policy noeviction
daemonize no
loglevel notice
`;

/** Whether it answers PING: while it still reads its file it answers with an error. */
function answers(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1_000 });
    let reply = '';
    const finish = (): void => {
      socket.destroy();
      resolve(reply.includes('+PONG'));
    };
    socket.once('connect', () => socket.write(`AUTH ${password}\r\nPING\r\nQUIT\r\n`));
    socket.on('data', (bytes) => {
      reply += bytes.toString('latin1');
    });
    socket.once('timeout', finish);
    socket.once('error', finish);
    socket.once('end', finish);
  });
}
