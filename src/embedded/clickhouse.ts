import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServer, untilReady } from './child.js';
import { compiledFile } from './compiled-file.js';
import type { EmbeddedOptions, EmbeddedServer } from './embedded-server.js';
import { answersOk } from './http-probe.js';
import { optionalFile } from './optional-package.js';

const USER = 'ethhook';
const READER = 'ethhook_reader';

interface ClickHouseOptions extends EmbeddedOptions {
  /** What the server may take, bytes. Default 4 GiB. */
  readonly maxMemoryBytes?: number;
}

export interface EmbeddedClickHouse extends EmbeddedServer {
  /** The same database for a user that can read only. */
  readonly readerUrl: string;
}

/** Starts ClickHouse with the database `ethhook`. Fails with a UserError. */
export async function startClickHouse({
  folder,
  port,
  password,
  signal,
  maxMemoryBytes = 4 * 2 ** 30,
}: ClickHouseOptions): Promise<EmbeddedClickHouse> {
  optionalFile('ClickHouse', 'chdb');
  const data = join(folder, 'data');
  const configFile = join(folder, 'config.xml');
  const usersFile = join(folder, 'users.xml');
  const logFile = join(folder, 'clickhouse.log');
  mkdirSync(data, { recursive: true, mode: 0o700 });
  writeFileSync(configFile, configuration(usersFile, join(folder, 'backups'), maxMemoryBytes), { mode: 0o600 });
  writeFileSync(usersFile, users(password), { mode: 0o600 });
  const child = await startServer({
    command: process.execPath,
    args: [compiledFile('src/embedded/clickhouse-process.js'), configFile, data, logFile, String(port)],
    logFile,
    stopSignal: 'SIGTERM',
    deathSignal: 'SIGKILL',
  });
  const origin = `127.0.0.1:${port}`;
  await untilReady({ what: 'ClickHouse', child, logFile, probe: () => answersOk(`http://${origin}/ping`), signal });
  return {
    ...child,
    name: 'clickhouse',
    url: `http://${USER}:${password}@${origin}/ethhook`,
    readerUrl: `http://${READER}:${password}@${origin}/ethhook`,
  };
}

/**
 * Caps for a small machine: by default the mark cache alone may take 5 GiB. The filters that events are found by are kept
 * unpacked, which no other cache is.
 */
const configuration = (usersFile: string, backups: string, maxMemoryBytes: number): string => `<clickhouse>
  <max_server_memory_usage>${maxMemoryBytes}</max_server_memory_usage>
  <mark_cache_size>268435456</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_mark_cache_size>67108864</index_mark_cache_size>
  <index_uncompressed_cache_size>134217728</index_uncompressed_cache_size>
  <timezone>UTC</timezone>
  <backups><allowed_path>${escapeXml(backups)}</allowed_path></backups>
  <query_log>
    <database>system</database>
    <table>query_log</table>
    <ttl>event_date + INTERVAL 1 DAY DELETE</ttl>
    <flush_interval_milliseconds>2000</flush_interval_milliseconds>
  </query_log>
  <user_directories><users_xml><path>${escapeXml(usersFile)}</path></users_xml></user_directories>
</clickhouse>
`;

/**
 * What the gateway's user may use up. It may change settings of a query, as the gateway does, but not beyond these. Kept
 * alike in docs/security.md.
 */
const READER_CAPS: Readonly<Record<string, { readonly usual: number; readonly most: number }>> = {
  max_memory_usage: { usual: 2_147_483_648, most: 2_147_483_648 },
  max_execution_time: { usual: 60, most: 600 },
  max_rows_to_read: { usual: 2_000_000_000, most: 2_000_000_000 },
  max_result_rows: { usual: 5_000_000, most: 5_000_000 },
};

function readerProfile(): string {
  const caps = Object.entries(READER_CAPS);
  const usual = caps.map(([name, { usual }]) => `<${name}>${usual}</${name}>`);
  const constraints = caps.map(([name, { most }]) => `<${name}><min>1</min><max>${most}</max></${name}>`);
  return `<readonly>2</readonly>${usual.join('')}<constraints>${constraints.join('')}</constraints>`;
}

/** The user `default` runs the start query and cannot have a password, so it may do nothing but that. */
const users = (password: string): string => `<clickhouse>
  <profiles><default/><reader>${readerProfile()}</reader></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password/>
      <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT CREATE DATABASE ON *.*</query>
        <query>GRANT SYSTEM LISTEN ON *.*</query>
      </grants>
    </default>
    <${USER}>
      <password>${password}</password>
      <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <access_management>1</access_management>
    </${USER}>
    <${READER}>
      <password>${password}</password>
      <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
      <profile>reader</profile>
      <quota>default</quota>
      <grants><query>GRANT SELECT ON *.*</query></grants>
    </${READER}>
  </users>
</clickhouse>
`;

const escapeXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
