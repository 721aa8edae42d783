import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, jest, test } from '@jest/globals';
import type { BenchReport } from '../../bench/benchmark.js';
import { BENCHMARK_NAMES } from '../../bench/names.js';

const run = promisify(execFile);

// Each starts servers of its own, one of them three times.
jest.setTimeout(180_000);

test.each(BENCHMARK_NAMES)('the benchmark `%s` runs, and each of its sides has figures', async (name) => {
  const { stdout } = await run(process.execPath, ['dist/bench/main.js', name, '--smoke', '--json']);
  const { reports }: { reports: BenchReport[] } = JSON.parse(stdout);
  expect(reports.map((report) => report.name)).toEqual([name]);
  const sides = reports.flatMap(({ comparisons }) => comparisons.flatMap((comparison) => comparison.sides));
  expect(sides.length).toBeGreaterThan(0);
  for (const side of sides) expect(side.bytes ?? side.samples).toBeGreaterThan(0);
});

test('a benchmark that there is not is wrong usage', async () => {
  await expect(run(process.execPath, ['dist/bench/main.js', 'nothing'])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('There is no benchmark "nothing"'),
  });
});
