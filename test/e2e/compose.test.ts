import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { compiledFile } from '../../src/embedded/compiled-file.js';
import { FaultProcess } from '../support/fault-process.js';
import { FaultServers } from '../support/fault-servers.js';
import { needCommand } from '../support/needed-command.js';

const run = promisify(execFile);
const environmentOf = z.object({ environment: z.record(z.string(), z.string()) });
const commandOf = z.object({ command: z.array(z.string()) });
const { services } = z
  .object({ services: z.record(z.string(), z.unknown()) })
  .parse(parse(readFileSync('deploy/docker-compose.yml', 'utf8'), { merge: true }));

/** As they are in the containers. */
const onThisMachine = (text: string): string => text.replaceAll('/ethhook/', `${resolve('deploy/postgres')}/`);

describe('Postgres as docker-compose.yml has it', () => {
  let servers: FaultServers;
  let superuser: URL;
  let folder: string;
  const processes: FaultProcess[] = [];

  beforeAll(async () => {
    needCommand('psql');
    folder = mkdtempSync(join(tmpdir(), `ethhook-test-${process.pid}-`));
    servers = await FaultServers.start();
    superuser = new URL(servers.url('postgres'));
  }, 480_000);

  afterAll(async () => {
    await Promise.all(processes.map((each) => each.kill()));
    await servers?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 120_000);

  /** The URL that a service is given, on the servers of this test, whose password is one for all. */
  function postgresUrlOf(service: string): string {
    const given = environmentOf.parse(services[service]).environment['POSTGRES_URL'] ?? '';
    const url = new URL(superuser);
    url.username = /^postgres:\/\/(\w+):/.exec(given)?.[1] ?? '';
    return url.href;
  }

  const storesOf = (service: string) => ({
    POSTGRES_URL: postgresUrlOf(service),
    CLICKHOUSE_URL: servers.url('clickhouse'),
    REDIS_URL: servers.url('redis'),
  });

  const reached = () => ({ PATH: process.env['PATH'], PGHOST: superuser.hostname, PGPORT: superuser.port });

  test('gives each process a role by which it becomes ready, and the gateway none by which it writes', async () => {
    const database = superuser.pathname.slice(1);
    const password = superuser.password;
    await run('sh', ['-c', onThisMachine(readFileSync('deploy/postgres/init.sh', 'utf8'))], {
      env: {
        ...reached(),
        PGPASSWORD: password,
        PASSWORD: password,
        POSTGRES_DB: database,
        POSTGRES_USER: superuser.username,
      },
    });
    const migrating = { PATH: process.env['PATH'], ...storesOf('migrate') };
    await run(process.execPath, [compiledFile('src/main.js'), 'migrate', 'up'], { env: migrating });
    const [psql = '', ...args] = commandOf.parse(services['grants']).command.map(onThisMachine);
    const { PGUSER } = environmentOf.parse(services['grants']).environment;
    await run(psql, args, { env: { ...reached(), PGDATABASE: database, PGPASSWORD: password, PGUSER } });

    for (const command of ['gateway', 'worker'] as const) {
      const environment = { ...storesOf(command), JWT_SECRET: 'secret' };
      const launched = await FaultProcess.start({ command, environment, logFile: join(folder, `${command}.log`) });
      processes.push(launched);
      await launched.ready();
    }
    const writing = run('psql', [postgresUrlOf('gateway'), '-c', 'DELETE FROM users'], { env: reached() });
    await expect(writing).rejects.toThrow('permission denied for table users');
  }, 480_000);
});
