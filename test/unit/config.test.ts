import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { readGatewayConfig, readUpConfig, withSecretsFromFiles } from '../../src/config.js';

const COMPLETE = {
  POSTGRES_URL: 'postgres://localhost/db',
  CLICKHOUSE_URL: 'http://localhost:8123/ethhook',
  REDIS_URL: 'redis://localhost',
  JWT_SECRET: 'new, old',
};

describe("the gateway's configuration", () => {
  test('has defaults for all but the three stores and a key', () => {
    expect(readGatewayConfig(COMPLETE)).toMatchObject({
      PORT: 4000,
      JWT_SECRET: ['new', 'old'],
      MAX_PAGE_SIZE: 500,
      MAX_HOURLY_RANGE_HOURS: 2400,
      ATTEMPTS_RETENTION_DAYS: 30,
    });
  });

  test('tells every mistake at once, that of the missing key too', () => {
    for (const name of ['POSTGRES_URL', 'CLICKHOUSE_URL', 'REDIS_URL', 'JWT_SECRET', 'PORT']) {
      expect(() => readGatewayConfig({ PORT: 'x' })).toThrow(new RegExp(`^  ${name} `, 'm'));
    }
  });

  test('takes origins as browsers name them, switches as on and off, and nothing else', () => {
    const read = (values: object) => readGatewayConfig({ ...COMPLETE, ...values });
    expect(read({ CORS_ORIGINS: 'https://a.example, http://localhost:3000,*' }).CORS_ORIGINS).toEqual([
      'https://a.example',
      'http://localhost:3000',
      '*',
    ]);
    expect(read({ INTROSPECTION: 'off' }).INTROSPECTION).toBe(false);
    for (const wrong of ['a.example', 'https://a.example/', 'https://a.example/path', 'ftp://a.example']) {
      expect(() => read({ CORS_ORIGINS: wrong })).toThrow(/CORS_ORIGINS must be origins/);
    }
    expect(() => read({ PLAYGROUND: 'no' })).toThrow(/PLAYGROUND must be on or off/);
  });

  test('takes proxies by their networks or their number, and trusts none by default', () => {
    const read = (TRUSTED_PROXIES: string) => readGatewayConfig({ ...COMPLETE, TRUSTED_PROXIES }).TRUSTED_PROXIES;
    expect(read('')).toEqual([]);
    expect(read('2')).toBe(2);
    expect(read('10.0.0.0/8, fd00::/8,192.0.2.1,uniquelocal')).toEqual([
      '10.0.0.0/8',
      'fd00::/8',
      '192.0.2.1',
      'uniquelocal',
    ]);
    for (const wrong of [
      '0',
      'anybody',
      '10.0.0.0/33',
      '10.0.0.0/0',
      '10.0.0.0/8/8',
      '1.2.3',
      '10.0.0.0/8 192.0.2.1',
    ]) {
      expect(() => read(wrong)).toThrow(/TRUSTED_PROXIES must be networks/);
    }
  });

  test('takes an empty variable for one that is not set', () => {
    expect(() => readGatewayConfig({ ...COMPLETE, JWT_SECRET: '' })).toThrow(/JWT_SECRET is required/);
    expect(readGatewayConfig({ ...COMPLETE, JWT_SECRET: '', JWKS_URL: 'https://keys.example' }).JWKS_URL).toBe(
      'https://keys.example',
    );
  });

  test('refuses a secret that holds nothing, and a cluster whose name is none', () => {
    expect(() => readGatewayConfig({ ...COMPLETE, JWT_SECRET: ' , ' })).toThrow(/JWT_SECRET must hold a secret/);
    expect(() => readGatewayConfig({ ...COMPLETE, CLICKHOUSE_CLUSTER: "'" })).toThrow(/CLICKHOUSE_CLUSTER must be/);
    expect(readGatewayConfig({ ...COMPLETE, CLICKHOUSE_CLUSTER: '{cluster}' }).CLICKHOUSE_CLUSTER).toBe('{cluster}');
  });

  test('refuses a cluster under up, which starts a single ClickHouse', () => {
    expect(() => readUpConfig({ CLICKHOUSE_CLUSTER: 'main' })).toThrow(/CLICKHOUSE_CLUSTER must be empty/);
  });
});

describe('a secret that is kept in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ethhook-secrets-'));
  const file = join(folder, 'jwt-secret');
  writeFileSync(file, 'from a file\n');
  afterAll(() => rmSync(folder, { recursive: true }));

  test('is read, without the white space around it, and its file is named no more', () => {
    expect(withSecretsFromFiles({ ...COMPLETE, JWT_SECRET: '', JWT_SECRET_FILE: file })).toEqual({
      ...COMPLETE,
      JWT_SECRET: 'from a file',
    });
  });

  test('is refused beside one that is set, and where the file cannot be read', () => {
    expect(() => withSecretsFromFiles({ JWT_SECRET: 'set', JWT_SECRET_FILE: file })).toThrow(/are both set/);
    const missing = join(folder, 'none');
    expect(() => withSecretsFromFiles({ REDIS_URL_FILE: missing })).toThrow(/REDIS_URL_FILE cannot be read.*ENOENT/);
  });
});

test('docs/configuration.md lists each variable that is read, and no other', () => {
  const inCode = readFileSync('src/config.ts', 'utf8').matchAll(/^ {2}([A-Z][A-Z_]+):/gm);
  const firstCells = readFileSync('docs/configuration.md', 'utf8').matchAll(/^\| (`[^|]+`) \|/gm);
  const inDocs = [...firstCells].flatMap(([, cell = '']) => [...cell.matchAll(/`([A-Z_]+)`/g)]);
  const names = (matches: Iterable<RegExpMatchArray>): string[] =>
    [...new Set([...matches].map(([, name = '']) => name))].sort();
  expect(names(inDocs)).toEqual(names(inCode));
});
