/** What can be run by name, in the order of the documentation. */
export const BENCHMARK_NAMES = [
  'dashboard',
  'concurrency',
  'growth',
  'ingest',
  'storage',
  'backfill',
  'live',
  'hostile',
  'plan',
] as const;
