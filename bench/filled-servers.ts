import { Lifecycle } from '../src/platform/lifecycle.js';
import { ClickHouseDatabase } from '../src/stores/clickhouse/database.js';
import type { BenchOptions } from './benchmark.js';
import { type Dataset, type DatasetOptions, datasetOf, fillClickHouse } from './dataset.js';
import { type BenchServers, startServers } from './servers.js';

/** Filling and emptying takes its time. */
const TIMEOUT_MS = 600_000;

/** Servers with a history in ClickHouse. */
export interface FilledServers {
  readonly servers: BenchServers;
  readonly clickhouse: ClickHouseDatabase;
  readonly dataset: Dataset;
}

/** Runs a benchmark, and stops what it has started and pushed, however it ends. */
export async function withLifecycle<T>(
  say: BenchOptions['say'],
  run: (lifecycle: Lifecycle) => Promise<T>,
): Promise<T> {
  const lifecycle = new Lifecycle((name, error) => say(`could not stop ${name}: ${String(error)}`));
  try {
    return await run(lifecycle);
  } finally {
    await lifecycle.close();
  }
}

/** A client of ClickHouse that `lifecycle` closes. */
export function openClickHouse({ clickhouseUrl }: BenchServers, lifecycle: Lifecycle): ClickHouseDatabase {
  const clickhouse = new ClickHouseDatabase(clickhouseUrl, { applicationName: 'bench', timeoutMs: TIMEOUT_MS });
  lifecycle.push('clickhouse client', () => clickhouse.close());
  return clickhouse;
}

/** Starts servers of their own and fills ClickHouse. Postgres is empty yet. */
export async function startFilledServers(
  lifecycle: Lifecycle,
  { scale, say, signal, ...options }: BenchOptions & DatasetOptions,
): Promise<FilledServers> {
  say('starting servers');
  const servers = await startServers(lifecycle, say);
  const clickhouse = openClickHouse(servers, lifecycle);
  const dataset = datasetOf(scale, Date.now(), options);
  say(`filling ClickHouse with ${dataset.events} events and ${dataset.attempts} attempts`);
  await fillClickHouse(clickhouse, dataset, signal);
  return { servers, clickhouse, dataset };
}
