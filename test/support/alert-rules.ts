import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { prometheusTool } from './prometheus.js';
import type { Series } from './scrape.js';

const RULES = resolve('deploy/prometheus/alerts.yml');
const STEP_SECONDS = 15;
const HEALTHY_STEPS = 4;
/** The fault begins after a minute: these are two and a half of it. */
const FAULTY_STEPS = 10;

/** One look at all processes; null for one that did not answer. */
export type Look = ReadonlyMap<string, readonly Series[] | null>;

/** What a fault looks like: before it, and twice while it lasts. */
export interface SeenFault {
  readonly before: Look;
  readonly during: readonly [Look, Look];
}

export const rulesText = (): string => readFileSync(RULES, 'utf8');

/** Fails with what promtool says where one of the tests does not hold. */
function promtool(...args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(prometheusTool('promtool'), args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`promtool ${args.slice(0, 2).join(' ')} failed:\n${stdout}${stderr}`);
}

export const checkRules = (): void => promtool('check', 'rules', RULES);
export const checkConfig = (path: string): void => promtool('check', 'config', path);

/** Fails where one is no PromQL. */
export function checkExpressions(expressions: readonly string[]): void {
  const rules = expressions.map((expr, index) => ({ record: `expression_${index}`, expr }));
  withFile(stringify({ groups: [{ name: 'expressions', rules }] }), (file) => promtool('check', 'rules', file));
}

/**
 * Has Prometheus see a fault for two and a half minutes: counters and lags go on growing, and the rest stays as it was seen.
 * Fails unless nothing is raised before, and then exactly these alerts, by name and, where they have one, upstream.
 */
export function expectAlerts({ before, during: [first, second] }: SeenFault, raised: readonly string[]): void {
  const series = [...seriesIn([before, first, second])].map(([series, [healthy, begun, later]]) => ({
    series,
    values: [...Array(HEALTHY_STEPS).fill(healthy ?? '_'), ...faulty(series, begun, later)].join(' '),
  }));
  const firing = (at: number, expected: readonly string[]) => ({
    expr: 'group by (alertname, upstream) (ALERTS{alertstate="firing"})',
    eval_time: `${at * STEP_SECONDS}s`,
    exp_samples: expected.map((labels) => ({ labels, value: 1 })),
  });
  const test = {
    interval: `${STEP_SECONDS}s`,
    input_series: series,
    promql_expr_test: [firing(HEALTHY_STEPS - 1, []), firing(HEALTHY_STEPS + FAULTY_STEPS - 1, raised)],
  };
  withFile(stringify({ rule_files: [RULES], evaluation_interval: `${STEP_SECONDS}s`, tests: [test] }), (file) =>
    promtool('test', 'rules', file),
  );
}

function withFile(content: string, use: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), `ethhook-test-${process.pid}-`));
  try {
    const file = join(folder, 'promtool.yml');
    writeFileSync(file, content);
    use(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The values of every series in each of the looks, `up` among them; undefined where it was not there. */
function seriesIn(looks: readonly Look[]): Map<string, (number | undefined)[]> {
  const values = new Map<string, (number | undefined)[]>();
  const note = (series: string, look: number, value: number): void => {
    const seen = values.get(series) ?? looks.map(() => undefined);
    seen[look] = value;
    values.set(series, seen);
  };
  for (const [index, look] of looks.entries()) {
    for (const [job, scraped] of look) {
      note(`up{job="${job}",instance="${job}"}`, index, scraped === null ? 0 : 1);
      for (const { name, labels, value } of scraped ?? []) {
        if (!name.startsWith('ethhook_') || name.endsWith('_bucket')) continue;
        const all = Object.entries({ job, instance: job, ...labels }).map(([label, text]) => `${label}="${text}"`);
        note(`${name}{${all.join()}}`, index, value);
      }
    }
  }
  return values;
}

function faulty(series: string, begun: number | undefined, later: number | undefined): (number | string)[] {
  // What was not there yet was not counted yet.
  const growth = /^\w+_(total|count|sum|lag_entries)\{/.test(series) ? (later ?? 0) - (begun ?? 0) : 0;
  const rest = Array.from({ length: FAULTY_STEPS - 1 }, (_, step) =>
    later === undefined ? (step === 0 ? 'stale' : '_') : later + step * growth,
  );
  return [begun ?? 'stale', ...rest];
}
