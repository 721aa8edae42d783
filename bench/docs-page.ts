import { chartOf, type KeptReport } from './kept-reports.js';
import { planTable } from './plan-table.js';
import { toMarkdown } from './report.js';

/** docs/benchmarks.md from the reports that were kept, each under the name of its benchmark; the others are named. */
export function docsPage(names: readonly string[], kept: ReadonlyMap<string, KeptReport>): string {
  const reports = names.flatMap((name) => kept.get(name) ?? []);
  const missing = names.filter((name) => !kept.has(name));
  const intro = `# Benchmarks

Written by \`npm run bench\`, which runs all of them, or one after the other by \`npm run bench -- NAME --write\`. All sides of a
table are measured alternately in one run, after a warm-up, on embedded servers with the same rows. Compare ratios rather
than milliseconds. Scale 1 is 4.8 million events and 7 million attempts.`;
  const sections = reports.map((report) =>
    toMarkdown(
      report,
      report.comparisons.map((_comparison, index) => chartOf(report.name, index)),
    ),
  );
  const rest = missing.length === 0 ? [] : [`Not measured yet: ${missing.map((name) => `\`${name}\``).join(', ')}.`];
  return `${[intro, ...rest, planTable(kept), ...sections].join('\n\n')}\n`;
}
