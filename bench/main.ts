import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runByNpm } from '../src/config.js';
import { messageOf, UserError } from '../src/platform/errors.js';
import { stopSignal } from '../src/platform/lifecycle.js';
import { backfill } from './backfill.js';
import { barChart } from './bar-chart.js';
import type { Benchmark, BenchOptions, BenchReport } from './benchmark.js';
import { concurrency } from './concurrency.js';
import { dashboard } from './dashboard.js';
import { growth } from './growth.js';
import { hostile } from './hostile.js';
import { ingest } from './ingest.js';
import { live } from './live.js';
import { hasFailed, machineLine, toMarkdown, toText } from './report.js';
import { soak } from './soak.js';
import { storage } from './storage.js';

const BENCHMARKS: readonly Benchmark[] = [dashboard, concurrency, growth, ingest, storage, backfill, live, hostile];
const DOCS = 'docs/benchmarks.md';
const CHARTS = 'docs/benchmarks';
const USAGE = `npm run bench -- [NAME] [--scale S] [--json]
npm run bench -- soak [--minutes M] [--scale S] [--json]
Without a name all are run and ${DOCS} is written. The names: ${BENCHMARKS.map(({ name }) => name).join(', ')}`;
/** Runs by its name alone: it takes long, and compares nothing. */
const SOAK = 'soak';
const SOAK_MINUTES = 30;

interface Request {
  readonly name: string | undefined;
  readonly scale: number;
  /** Of a soak. */
  readonly minutes: number;
  readonly json: boolean;
}

try {
  const request = readRequest(process.argv.slice(2));
  const chosen =
    request.name === SOAK
      ? [{ name: SOAK, run: (options: BenchOptions) => soak({ ...options, minutes: request.minutes }) }]
      : BENCHMARKS.filter(({ name }) => request.name === undefined || name === request.name);
  const stop = new AbortController();
  void stopSignal(runByNpm()).then((signal) => stop.abort(new UserError(`stopped by ${signal}`)));
  const begun = performance.now();
  const reports: BenchReport[] = [];
  for (const { name, run } of chosen) {
    const say = (line: string): void =>
      console.error(`${((performance.now() - begun) / 1000).toFixed(0).padStart(4)} s  ${name}: ${line}`);
    reports.push(await run({ scale: request.scale, say, signal: stop.signal }));
  }
  if (request.json) console.log(JSON.stringify({ machine: machineLine(), reports }, undefined, 2));
  else console.log(reports.map(toText).join('\n\n\n'));
  if (request.name === undefined) writeDocs(reports);
  process.exitCode = reports.some(hasFailed) ? 1 : 0;
} catch (error) {
  console.error(error instanceof UserError ? error.message : error);
  process.exitCode = error instanceof UserError ? error.exitCode : 1;
}
// A side that ran out of time may still hold a connection.
process.exit();

/** Throws a UserError with the usage. */
function readRequest(args: readonly string[]): Request {
  const { values, positionals } = parse(args);
  const [name, ...more] = positionals;
  const scale = Number(values.scale ?? '1');
  const minutes = Number(values.minutes ?? SOAK_MINUTES);
  const problem =
    more.length > 0
      ? 'One benchmark is run at a time.'
      : name !== undefined && name !== SOAK && !BENCHMARKS.some((benchmark) => benchmark.name === name)
        ? `There is no benchmark "${name}".`
        : !(scale >= 0.001 && scale <= 100)
          ? '--scale must be between 0.001 and 100.'
          : !(minutes > 0 && minutes <= 10_000)
            ? '--minutes must be between 0 and 10,000.'
            : undefined;
  if (problem !== undefined) throw new UserError(`${problem}\n${USAGE}`, 2);
  return { name, scale, minutes, json: values.json ?? false };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { scale: { type: 'string' }, minutes: { type: 'string' }, json: { type: 'boolean' } },
    });
  } catch (error) {
    throw new UserError(`${messageOf(error)}\n${USAGE}`, 2);
  }
}

function writeDocs(reports: readonly BenchReport[]): void {
  mkdirSync(CHARTS, { recursive: true });
  const sections = reports.map((report) => {
    const charts = report.comparisons.map((comparison, index) => {
      const file = `${report.name}-${index + 1}.svg`;
      writeFileSync(`${CHARTS}/${file}`, barChart(comparison));
      return `benchmarks/${file}`;
    });
    return toMarkdown(report, charts);
  });
  const intro = `# Benchmarks

Written by \`npm run bench\`; one alone is run with \`npm run bench -- NAME --scale S\`. All sides of a table are measured
alternately in one run, after a warm-up, on embedded servers with the same rows. Compare ratios rather than milliseconds.

Machine: ${machineLine()}.`;
  writeFileSync(DOCS, `${[intro, ...sections].join('\n\n')}\n`);
}
