import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../platform/errors.js';
import { type Child, startServer, untilReady } from './child.js';
import type { EmbeddedOptions, EmbeddedServer } from './embedded-server.js';
import { type PostgresFiles, postgresFiles } from './postgres-files.js';

const USER = 'ethhook';
const DATABASE = 'postgres';
/** For so long backends that a killed Postgres left behind may hold its shared memory, milliseconds. */
const ORPHANS_LINGER_MS = 20_000;

/** Starts Postgres; its first start makes the data folder. Fails with a UserError. */
export async function startPostgres({ folder, port, password, signal }: EmbeddedOptions): Promise<EmbeddedServer> {
  const files = postgresFiles(folder);
  if (!existsSync(join(files.data, 'PG_VERSION'))) initialize(files, password);
  const unclean = removeForeignLock(files.data);
  const giveUpAt = Date.now() + (unclean ? ORPHANS_LINGER_MS : 0);
  for (;;) {
    try {
      const child = await start(files, folder, port, signal);
      return {
        ...child,
        name: 'postgres',
        url: `postgres://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`,
      };
    } catch (error) {
      if (signal?.aborted === true || Date.now() >= giveUpAt) throw error;
    }
    await delay(250);
  }
}

async function start(
  { bin, data, runAs }: PostgresFiles,
  folder: string,
  port: number,
  signal: AbortSignal | undefined,
): Promise<Child> {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    shared_buffers: '256MB',
    max_connections: 200,
    max_wal_size: '2GB',
    timezone: 'UTC',
    log_timezone: 'UTC',
  };
  const logFile = join(folder, 'postgres.log');
  const child = await startServer({
    command: join(bin, 'postgres'),
    args: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    logFile,
    // Fast shutdown: sessions are ended, nothing is lost.
    stopSignal: 'SIGINT',
    deathSignal: 'SIGINT',
    stopTimeoutMs: 20_000,
    runAs,
  });
  await untilReady({ what: 'Postgres', child, logFile, probe: () => answers(port), signal });
  return child;
}

/** Makes the data folder; half-made ones are made again, since PG_VERSION alone does not say that it is whole. */
function initialize({ bin, data, runAs }: PostgresFiles, password: string): void {
  const half = `${data}.new`;
  const passwordFile = `${data}.password`;
  rmSync(half, { recursive: true, force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (runAs !== undefined) chownSync(passwordFile, runAs.uid, runAs.gid);
  // Without LANG it would pick SQL_ASCII, and with a locale that is not generated it would fail.
  const args = ['--encoding=UTF8', '--locale=C', '--auth=scram-sha-256', `--username=${USER}`];
  const { status, stderr, error } = spawnSync(
    join(bin, 'initdb'),
    ['-D', half, `--pwfile=${passwordFile}`, '--no-sync', '--no-instructions', ...args],
    { ...runAs, cwd: '/', encoding: 'utf8' },
  );
  rmSync(passwordFile);
  if (status !== 0) {
    throw new UserError(`Postgres could not make its data folder ${data}: ${error?.message ?? stderr.trim()}`);
  }
  renameSync(half, data);
}

/**
 * Whether the last Postgres was killed. Its lock names a process id that may by now be somebody else's, as in a
 * container that starts anew: Postgres would refuse to start for ever, so such a lock is removed.
 */
function removeForeignLock(data: string): boolean {
  const lock = join(data, 'postmaster.pid');
  if (!existsSync(lock)) return false;
  const pid = readFileSync(lock, 'utf8').split('\n')[0] ?? '';
  const nameFile = `/proc/${pid}/comm`;
  if (existsSync(nameFile) && readFileSync(nameFile, 'utf8').trim() !== 'postgres') rmSync(lock);
  return true;
}

const AUTHENTICATION = 'R'.charCodeAt(0);
const PROTOCOL_3 = 0x0003_0000;

/** Whether it takes connections: while it starts or recovers it answers a login with an error, not with a challenge. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1_000 });
    const finish = (ready: boolean): void => {
      socket.destroy();
      resolve(ready);
    };
    socket.once('connect', () => socket.write(login()));
    socket.once('data', (bytes) => finish(bytes[0] === AUTHENTICATION));
    for (const event of ['timeout', 'error', 'end'] as const) socket.once(event, () => finish(false));
  });
}

function login(): Buffer {
  const parameters = Buffer.from(`user\0${USER}\0database\0${DATABASE}\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + parameters.length, 0);
  head.writeInt32BE(PROTOCOL_3, 4);
  return Buffer.concat([head, parameters]);
}
