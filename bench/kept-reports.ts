import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { barChart } from './bar-chart.js';
import type { BenchReport } from './benchmark.js';

/** A report as it stands in the documentation until it is measured again. */
export interface KeptReport extends BenchReport {
  /** What the figures were taken on. */
  readonly machine: string;
  /** The day, UTC. */
  readonly measuredOn: string;
}

const FOLDER = 'docs/benchmarks';

/** The path of a comparison's chart, from docs/. */
export const chartOf = (name: string, comparison: number): string => `benchmarks/${name}-${comparison + 1}.svg`;

/** Keeps a report and its charts in the place of what was measured before. */
export function keepReport(report: KeptReport): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(fileOf(report.name), toJson(report));
  for (const [index, comparison] of report.comparisons.entries()) {
    writeFileSync(`docs/${chartOf(report.name, index)}`, barChart(comparison));
  }
}

/** What was kept of a benchmark; undefined where it has not been measured. */
export const keptReport = (name: string): KeptReport | undefined =>
  existsSync(fileOf(name)) ? fromJson(readFileSync(fileOf(name), 'utf8')) : undefined;

const fileOf = (name: string): string => `${FOLDER}/${name}.json`;

export const toJson = (report: KeptReport): string => `${JSON.stringify(report, undefined, 2)}\n`;

/** JSON has no NaN, which the figures of a side are that has none. */
export const fromJson = (json: string): KeptReport =>
  JSON.parse(json, (key, value) => (value === null && /^p\d+Ms$/.test(key) ? Number.NaN : value));
