import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { docsPage } from '../../bench/docs-page.js';
import { type KeptReport, keptReport } from '../../bench/kept-reports.js';
import { sized, summary } from '../../bench/measure.js';
import { BENCHMARK_NAMES } from '../../bench/names.js';
import { CPU, INSERTING, MEMORY, PLAN_SIDES } from '../../bench/plan-sides.js';
import { planTable } from '../../bench/plan-table.js';

describe('docs/benchmarks.md', () => {
  test('is made of the reports that are kept', () => {
    const kept = BENCHMARK_NAMES.flatMap((name): [string, KeptReport][] => {
      const report = keptReport(name);
      return report === undefined ? [] : [[name, report]];
    });
    expect(kept.length).toBeGreaterThan(0);
    expect(readFileSync('docs/benchmarks.md', 'utf8')).toBe(docsPage(BENCHMARK_NAMES, new Map(kept)));
  });
});

describe('the table of the plan', () => {
  const timed = (name: string, ms: number) => summary({ name }, [ms], null);
  const reportOf = (peakMiB: number): KeptReport => ({
    name: 'plan',
    title: '',
    about: '',
    machine: '',
    measuredOn: '',
    scale: 0.5,
    comparisons: [
      {
        title: INSERTING,
        baseline: '',
        rows: 500_000,
        sides: [timed(PLAN_SIDES.insert, 1_500), timed(PLAN_SIDES.copy, 2_000)],
      },
      { title: CPU, baseline: '', sides: [timed(PLAN_SIDES.gateway, 4), timed(PLAN_SIDES.join, 36)] },
      { title: MEMORY, baseline: '', sides: [sized(PLAN_SIDES.clickhouse, peakMiB * 2 ** 20)] },
    ],
    claims: [],
  });
  const lineOf = (report: KeptReport, promise: string): string =>
    planTable(new Map([['plan', report]]))
      .split('\n')
      .find((line) => line.includes(promise)) ?? '';

  test('says of each promise what was measured, whether it was held, and by which command', () => {
    expect(lineOf(reportOf(1_000), '1 M inserts')).toContain(
      '| 500,000 rows in 1.50 s; COPY into Postgres 2.00 s | held | `npm run bench -- plan --scale 0.5` |',
    );
    expect(lineOf(reportOf(1_000), 'CPU:')).toContain(
      '4.0 ms of a core in gateway and ClickHouse, 36.0 ms in Postgres',
    );
  });

  test('says plainly what was missed, and what has not been measured', () => {
    expect(lineOf(reportOf(3_000), 'Memory:')).toContain('3,000 MiB resident at its peak');
    expect(lineOf(reportOf(3_000), 'Memory:')).toContain('| **missed** |');
    expect(lineOf(reportOf(1_000), 'Storage:')).toContain('| not measured | `npm run bench -- storage` |');
  });
});
