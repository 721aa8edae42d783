import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runByNpm } from '../src/config.js';
import { messageOf, UserError } from '../src/platform/errors.js';
import { stopSignal } from '../src/platform/lifecycle.js';
import { backfill } from './backfill.js';
import type { Benchmark, BenchOptions, BenchReport } from './benchmark.js';
import { concurrency } from './concurrency.js';
import { dashboard } from './dashboard.js';
import { docsPage } from './docs-page.js';
import { growth } from './growth.js';
import { hostile } from './hostile.js';
import { ingest } from './ingest.js';
import { type KeptReport, keepReport, keptReport } from './kept-reports.js';
import { live } from './live.js';
import { BENCHMARK_NAMES } from './names.js';
import { plan } from './plan.js';
import { hasFailed, machineLine, toText } from './report.js';
import { soak } from './soak.js';
import { storage } from './storage.js';

const BENCHMARKS: readonly Benchmark[] = [
  dashboard,
  concurrency,
  growth,
  ingest,
  storage,
  backfill,
  live,
  hostile,
  plan,
];
const DOCS = 'docs/benchmarks.md';
const SMOKE_SCALE = 0.001;
const USAGE = `npm run bench -- [NAME] [--scale S] [--json] [--write] [--smoke]
npm run bench -- soak [--minutes M] [--scale S] [--json]
Without a name all are run and ${DOCS} is written; with --write, the part of the one named. --smoke only sees whether it runs,
in seconds, at scale ${SMOKE_SCALE}. The names: ${BENCHMARK_NAMES.join(', ')}`;
/** Runs by its name alone: it takes long, and compares nothing. */
const SOAK = 'soak';
const SOAK_MINUTES = 30;

interface Request {
  readonly name: string | undefined;
  readonly scale: number;
  /** Of a soak. */
  readonly minutes: number;
  readonly json: boolean;
  /** Whether the documentation is to say what comes of it. */
  readonly write: boolean;
  readonly smoke: boolean;
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
    const { scale, smoke } = request;
    const report = await run({ scale, smoke, say, signal: stop.signal });
    reports.push(report);
    if (request.write) writeDocs(report);
  }
  if (request.json) console.log(JSON.stringify({ machine: machineLine(), reports }, undefined, 2));
  else console.log(reports.map(toText).join('\n\n\n'));
  process.exitCode = !request.smoke && reports.some(hasFailed) ? 1 : 0;
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
  const { json = false, smoke = false } = values;
  const write = values.write ?? (name === undefined && !smoke);
  const scale = Number(values.scale ?? (smoke ? SMOKE_SCALE : 1));
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
  return { name, scale, minutes, json, write, smoke };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        scale: { type: 'string' },
        minutes: { type: 'string' },
        json: { type: 'boolean' },
        write: { type: 'boolean' },
        smoke: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UserError(`${messageOf(error)}\n${USAGE}`, 2);
  }
}

/** Keeps the report, and makes the page of all that are kept. */
function writeDocs(report: BenchReport): void {
  keepReport({ ...report, machine: machineLine(), measuredOn: new Date().toISOString().slice(0, 10) });
  writeFileSync(DOCS, docsPage(BENCHMARK_NAMES, new Map(BENCHMARK_NAMES.flatMap(keptOf))));
}

function keptOf(name: string): [string, KeptReport][] {
  const report = keptReport(name);
  return report === undefined ? [] : [[name, report]];
}
