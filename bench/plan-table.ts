import type { BenchReport } from './benchmark.js';
import type { KeptReport } from './kept-reports.js';
import type { Measurement } from './measure.js';
import { CPU, INSERTING, MEMORY, PLAN_SIDES } from './plan-sides.js';

/** One promise of the plan of the migration. */
interface PlanRow {
  readonly promise: string;
  /** The benchmark whose report says what came of it. */
  readonly benchmark: string;
  judge(report: BenchReport): { readonly here: string; readonly holds: boolean };
}

const SECOND_MS = 1_000;
const LIMIT_BYTES = 2 * 2 ** 30;

const ROWS: readonly PlanRow[] = [
  {
    promise: 'The dashboard of 24 hours, which took 29 minutes in Postgres, within a second',
    benchmark: 'dashboard',
    judge: ({ comparisons }) => {
      const sides = comparisons.at(-1)?.sides ?? [];
      const [gateway, join] = [sideOf(sides, 'gateway over HTTP'), sideOf(sides, 'Postgres, four-table join')];
      return {
        here: `the heaviest user ${latency(gateway)}; the four-table join in Postgres, all in memory here, ${latency(join)}`,
        holds: gateway.p95Ms < SECOND_MS,
      };
    },
  },
  {
    promise: '1 M inserts faster than into Postgres, the rollups counted',
    benchmark: 'plan',
    judge: (report) => {
      const { sides, rows = Number.NaN } = comparisonOf(report, INSERTING);
      const [ours, theirs] = [sideOf(sides, PLAN_SIDES.insert), sideOf(sides, PLAN_SIDES.copy)];
      return {
        here: `${rows.toLocaleString('en')} rows in ${seconds(ours)}; COPY into Postgres ${seconds(theirs)}`,
        holds: ours.p50Ms < theirs.p50Ms,
      };
    },
  },
  {
    promise: 'Storage: a tenth of Postgres, an eighth with random ids',
    benchmark: 'storage',
    judge: ofClaims(() => true),
  },
  {
    promise: 'Concurrency: 100 users at once, 3 times the requests of ClickHouse alone, p95 under 150 ms, no error',
    benchmark: 'concurrency',
    judge: ofClaims((text) => text.startsWith('100 clients')),
  },
  {
    promise: 'Memory: ClickHouse held to 2 GB, with 100 users at once',
    benchmark: 'plan',
    judge: (report) => {
      const { bytes = Number.NaN } = sideOf(comparisonOf(report, MEMORY).sides, PLAN_SIDES.clickhouse);
      const failed = report.claims.filter(({ holds }) => !holds);
      return {
        here: `${mebibytes(bytes)} resident at its peak; ${failed.length === 0 ? 'no request failed' : failed.map(({ text }) => text).join('; ')}`,
        holds: bytes <= LIMIT_BYTES && failed.length === 0,
      };
    },
  },
  {
    promise: 'CPU: less for a question than in Postgres',
    benchmark: 'plan',
    judge: (report) => {
      const { ours, theirs } = cpuOf(report);
      return {
        here: `${ours.toFixed(1)} ms of a core in gateway and ClickHouse, ${theirs.toFixed(1)} ms in Postgres`,
        holds: ours < theirs,
      };
    },
  },
];

/** The plan's promises beside what was measured, each with the command that measures it. */
export function planTable(kept: ReadonlyMap<string, KeptReport>): string {
  const lines = ROWS.map(({ promise, benchmark, judge }) => {
    const report = kept.get(benchmark);
    const judged = report === undefined ? undefined : judge(report);
    const outcome = judged === undefined ? 'not measured' : judged.holds ? 'held' : '**missed**';
    const scale = report === undefined ? '' : ` --scale ${report.scale}`;
    return `| ${promise} | ${judged?.here ?? ''} | ${outcome} | \`npm run bench -- ${benchmark}${scale}\` |`;
  });
  const table = ['| the plan | here | | command |', '| --- | --- | --- | --- |', ...lines].join('\n');
  return ['## The plan of the migration', table, ...costOf(kept)].join('\n\n');
}

/** No prices, which are each reader's own: what they are multiplied with. */
function costOf(kept: ReadonlyMap<string, KeptReport>): string[] {
  const [storage, plan] = [kept.get('storage'), kept.get('plan')];
  if (storage === undefined || plan === undefined) return [];
  const sides = storage.comparisons.at(-1)?.sides ?? [];
  const disk = (side: string): string => mebibytes(sideOf(sides, `${side}, in all`).bytes ?? Number.NaN);
  const { ours, theirs } = cpuOf(plan);
  const perDay = (ms: number): string => ((ms * 1_000_000) / 3_600_000).toFixed(1);
  return [
    `Cost is disk and cores. Disk, random ids, at scale ${storage.scale}: ${disk('ClickHouse')} instead of ${disk('Postgres')}. Cores: a million such questions a day are ${perDay(ours)} core hours instead of ${perDay(theirs)} (milliseconds of a core × 1,000,000 / 3,600,000). Multiply both with what your provider asks for a GiB a month and a core hour.`,
  ];
}

function cpuOf(report: BenchReport): { ours: number; theirs: number } {
  const { sides } = comparisonOf(report, CPU);
  return { ours: sideOf(sides, PLAN_SIDES.gateway).p50Ms, theirs: sideOf(sides, PLAN_SIDES.join).p50Ms };
}

/** Held where all of these claims of the benchmark are. */
function ofClaims(concerns: (text: string) => boolean): PlanRow['judge'] {
  return ({ claims }) => {
    const ours = claims.filter(({ text }) => concerns(text));
    return { here: ours.map(({ text }) => text).join('; '), holds: ours.every(({ holds }) => holds) };
  };
}

function comparisonOf({ name, comparisons }: BenchReport, title: string): BenchReport['comparisons'][number] {
  const found = comparisons.find((comparison) => comparison.title === title);
  if (found === undefined) throw new Error(`the report of ${name} has no comparison "${title}": measure it again`);
  return found;
}

function sideOf(sides: readonly Measurement[], name: string): Measurement {
  const side = sides.find((each) => each.name === name);
  if (side === undefined) throw new Error(`a kept report has no side "${name}": measure it again`);
  return side;
}

const latency = ({ p50Ms, p95Ms, timedOutAfterMs }: Measurement): string =>
  timedOutAfterMs === null ? `${p50Ms.toFixed(0)} ms (p95 ${p95Ms.toFixed(0)})` : `> ${timedOutAfterMs / 1000} s`;
const seconds = ({ p50Ms }: Measurement): string => `${(p50Ms / 1000).toFixed(2)} s`;
const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20).toLocaleString('en')} MiB`;
