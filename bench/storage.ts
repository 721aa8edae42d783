import { PostgresDatabase } from '../src/stores/postgres/database.js';
import type { Benchmark, BenchOptions, BenchReport, Comparison } from './benchmark.js';
import { fillPostgres } from './fill-postgres.js';
import { startFilledServers, withLifecycle } from './filled-servers.js';
import type { IdKind } from './made-up-values.js';
import { sized } from './measure.js';
import { clickhouseSizes, postgresSizes, type Size } from './storage-sizes.js';

/** How many times as much Postgres takes, at least. */
const KINDS: readonly { ids: IdKind; title: string; atLeast: number }[] = [
  { ids: 'time-ordered', title: 'Time-ordered ids (UUIDv7)', atLeast: 10 },
  { ids: 'random', title: 'Random ids (UUIDv4)', atLeast: 8 },
];
const POSTGRES = 'Postgres';
const CLICKHOUSE = 'ClickHouse';

export const storage: Benchmark = {
  name: 'storage',
  async run({ scale, smoke, say, signal }: BenchOptions): Promise<BenchReport> {
    const comparisons: Comparison[] = [];
    const claims: BenchReport['claims'][number][] = [];
    for (const { ids, title, atLeast } of KINDS) {
      const sayHere = (line: string): void => say(`${ids} ids: ${line}`);
      const { postgres, clickhouse } = await sizesOf(ids, { scale, smoke, say: sayHere, signal });
      const [theirs, ours] = [total(postgres), total(clickhouse)];
      const sides = [
        ...[...postgres, { name: 'in all', bytes: theirs }].map(({ name, bytes }) =>
          sized(`${POSTGRES}, ${name}`, bytes),
        ),
        ...[...clickhouse, { name: 'in all', bytes: ours }].map(({ name, bytes }) =>
          sized(`${CLICKHOUSE}, ${name}`, bytes),
        ),
      ];
      comparisons.push({ title, baseline: `${CLICKHOUSE}, in all`, sides });
      const ratio = theirs / ours;
      claims.push({
        text: `${title}: Postgres takes ${ratio.toFixed(1)} times as much as ClickHouse (at least ${atLeast})`,
        holds: ratio >= atLeast,
      });
    }
    return {
      name: 'storage',
      title: 'Storage',
      scale,
      about:
        'Bytes on disk of the same rows. Postgres as it is before the takeover: heap, TOAST, primary keys, and indexes as the product has them whose schema is public (`ipcasj/ethhook`): on `event_id`, `endpoint_id` and `created_at` of the attempts, on `transaction_hash` and `log_index`, `transaction_hash`, `block_number`, `address` and `ingested_at` of the events; all as small as COPY, VACUUM and indexes built afterwards leave them. ClickHouse with everything it keeps: both tables with their skip indexes, and both rollups; a part a day, as merges leave them.',
      comparisons,
      claims,
    };
  },
};

function sizesOf(
  ids: IdKind,
  { scale, smoke, say, signal }: BenchOptions,
): Promise<{ readonly postgres: readonly Size[]; readonly clickhouse: readonly Size[] }> {
  return withLifecycle(say, async (lifecycle) => {
    const { servers, clickhouse, dataset } = await startFilledServers(lifecycle, { scale, smoke, say, signal, ids });
    say('copying the same rows into Postgres');
    await fillPostgres(servers, dataset, signal);
    const postgres = new PostgresDatabase(servers.postgresUrl, { applicationName: 'bench' });
    lifecycle.push('postgres client', () => postgres.close());
    return { postgres: await postgresSizes(postgres), clickhouse: await clickhouseSizes(clickhouse) };
  });
}

const total = (sizes: readonly Size[]): number => sizes.reduce((sum, { bytes }) => sum + bytes, 0);
