import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import type { BenchReport, Comparison } from './benchmark.js';
import type { KeptReport } from './kept-reports.js';
import type { Measurement } from './measure.js';

const LATENCY_HEADER = ['side', 'p50 ms', 'p95 ms', 'p10–p90 ms', 'samples', 'times the baseline'];
const SIZE_HEADER = ['side', 'MiB', 'times the baseline'];
const LOAD_HEADER = ['side', 'requests/s', 'times the baseline', 'p50 ms', 'p95 ms', 'p10–p90 ms', 'errors'];

/** What the figures were taken on. */
export const machineLine = (): string =>
  `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}, Node ${process.version}`;

/** A report as text for a terminal. */
export function toText(report: BenchReport): string {
  const tables = report.comparisons.map((comparison) => {
    const [header, ...sides] = tableOf(comparison);
    const rows = [header, ...sides];
    const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
    const lines = rows.map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    );
    return [comparison.title, ...lines].join('\n');
  });
  return [`${report.title}, scale ${report.scale}`, machineLine(), ...tables, ...claimsOf(report)].join('\n\n');
}

/** A report as a section of docs/benchmarks.md, with a chart a comparison. */
export function toMarkdown(report: KeptReport, charts: readonly string[]): string {
  const tables = report.comparisons.map((comparison, index) => {
    const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
    const [header, ...sides] = tableOf(comparison);
    const rows = [line(header), line(['---', ...header.slice(1).map(() => '---:')]), ...sides.map(line)];
    return `### ${comparison.title}\n\n![${comparison.title}](${charts[index]})\n\n${rows.join('\n')}`;
  });
  const about = `${report.about}\n\nScale ${report.scale}, ${report.measuredOn}, ${report.machine}.`;
  const claims = claimsOf(report).map((claim) => `- ${claim}`);
  return [`## ${report.title} (\`${report.name}\`)`, about, ...tables, claims.join('\n')].join('\n\n');
}

export const hasFailed = ({ claims }: BenchReport): boolean => claims.some(({ holds }) => !holds);

const claimsOf = ({ claims }: BenchReport): string[] =>
  claims.map(({ text, holds }) => `${holds ? 'held' : 'NOT HELD'}: ${text}`);

type Table = readonly [header: readonly string[], ...rows: (readonly string[])[]];

function tableOf({ sides, baseline, rows }: Comparison): Table {
  const base = sides.find(({ name }) => name === baseline);
  if (sides.some(({ load }) => load !== undefined)) return [LOAD_HEADER, ...sides.map((side) => loadRow(side, base))];
  if (sides.some(({ bytes }) => bytes !== undefined)) return [SIZE_HEADER, ...sides.map((side) => sizeRow(side, base))];
  const latencies = sides.map((side) => latencyRow(side, base));
  if (rows === undefined) return [LATENCY_HEADER, ...latencies];
  const perSecond = ({ p50Ms }: Measurement): string => Math.round((1000 * rows) / p50Ms).toLocaleString('en');
  return [[...LATENCY_HEADER, 'rows/s'], ...sides.map((side, index) => [...(latencies[index] ?? []), perSecond(side)])];
}

function latencyRow(side: Measurement, base: Measurement | undefined): string[] {
  if (side.timedOutAfterMs !== null) return [side.name, `> ${side.timedOutAfterMs / 1000} s`, '', '', '', ''];
  const ratio = base === undefined || base.timedOutAfterMs !== null ? '' : (side.p50Ms / base.p50Ms).toFixed(2);
  return [side.name, milliseconds(side.p50Ms), milliseconds(side.p95Ms), spread(side), String(side.samples), ratio];
}

function loadRow({ name, load, ...side }: Measurement, base: Measurement | undefined): string[] {
  const { perSecond = Number.NaN, errors = 0 } = load ?? {};
  const ratio = (perSecond / (base?.load?.perSecond ?? Number.NaN)).toFixed(2);
  const latencies = [milliseconds(side.p50Ms), milliseconds(side.p95Ms), spread(side)];
  return [name, perSecond.toFixed(0), ratio, ...latencies, String(errors)];
}

function sizeRow({ name, bytes = Number.NaN }: Measurement, base: Measurement | undefined): string[] {
  return [name, (bytes / 2 ** 20).toFixed(1), (bytes / (base?.bytes ?? Number.NaN)).toFixed(2)];
}

const spread = ({ p10Ms, p90Ms }: Pick<Measurement, 'p10Ms' | 'p90Ms'>): string =>
  `${milliseconds(p10Ms)}–${milliseconds(p90Ms)}`;

const milliseconds = (value: number): string => value.toFixed(value < 100 ? 1 : 0);
