/** One value of a scrape. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^(\w+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** As Prometheus waits by default. */
const PATIENCE_MS = 10_000;

/** What a process tells Prometheus now. */
export async function scrape(url: string): Promise<Series[]> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Error(`${url}/metrics answered ${response.status}`);
  return seriesOf(await response.text());
}

function seriesOf(text: string): Series[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = LINE.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(LABEL)].map(([, label = '', text = '']) => [label, text]);
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
  });
}

/** The sum of what has this name and these labels; null where nothing has. */
export function sampleOf(series: readonly Series[], name: string, labels: Series['labels'] = {}): number | null {
  const matching = series.filter(
    (each) => each.name === name && Object.entries(labels).every(([label, text]) => each.labels[label] === text),
  );
  return matching.length === 0 ? null : matching.reduce((sum, { value }) => sum + value, 0);
}
