import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { freePort } from '../../src/embedded/free-port.js';
import { freshStores } from '../support/gateway.js';
import { testServers } from '../support/servers.js';
import { until } from '../support/until.js';
import { startCommand } from '../support/up-process.js';

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

describe('the package that npm packs, with its production dependencies alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ethhook-package-'));
  const installed = join(folder, 'node_modules/ethhook-analytics');
  let stores: Awaited<ReturnType<typeof freshStores>>;
  let main: string;

  beforeAll(async () => {
    const [{ filename }] = JSON.parse(
      execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { encoding: 'utf8' }),
    );
    mkdirSync(installed, { recursive: true });
    execFileSync('tar', ['-xzf', join(folder, filename), '-C', installed, '--strip-components=1']);
    const manifest: Manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    for (const name of Object.keys(manifest.dependencies)) {
      const link = join(folder, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(resolve('node_modules', name), link);
    }
    main = join(installed, manifest.bin['ethhook-analytics'] ?? '');
    stores = await freshStores();
  }, 60_000);
  afterAll(async () => {
    await stores.close();
    rmSync(folder, { recursive: true });
  });

  test('has a program that can be executed, and no tests', () => {
    expect(readFileSync(main, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(statSync(join(installed, 'test'), { throwIfNoEntry: false })).toBeUndefined();
  });

  test.each([
    { process: 'gateway', variable: 'PORT', paths: ['/readyz', '/graphql'] },
    { process: 'worker', variable: 'WORKER_PORT', paths: ['/readyz'] },
  ])('runs the $process until it is told to stop', async ({ process, variable, paths }) => {
    const port = await freePort();
    const clickhouse = new URL(testServers().clickhouseUrl);
    clickhouse.pathname = new URL(stores.environment.CLICKHOUSE_URL).pathname;
    const environment = { ...stores.environment, CLICKHOUSE_URL: clickhouse.href, [variable]: String(port) };
    const running = startCommand([process], environment, main);
    let output = '';
    void running.ended.then((ended) => {
      output = ended.output;
    });
    for (const path of paths) {
      const answers = async (): Promise<boolean> => {
        if (output !== '') throw new Error(output);
        const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { accept: 'text/html' } }).catch(
          () => undefined,
        );
        return response?.status === 200;
      };
      await until(`${path} answers`, answers, 60);
    }
    running.process.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ code: 0 });
  });

  test('says which package to install where the servers of `up` are asked for', async () => {
    const up = startCommand(['up', '--data-dir', join(folder, 'data')], {}, main);
    expect(await up.ended).toEqual({ code: 1, output: expect.stringContaining('npm install --include=optional') });
  });
});
