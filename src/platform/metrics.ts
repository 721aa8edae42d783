import { setTimeout as delay } from 'node:timers/promises';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** One value, by the labels that tell it from others of its name. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What one name stands for in Prometheus. */
export interface Metric {
  /** With its unit; that of a counter ends with `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /** Asked at every scrape. One that fails is left out of it, and so is one that takes longer than two seconds. */
  readonly samples: () => readonly Sample[] | Promise<readonly Sample[]>;
}

/** What one name stands for whose values are told as they happen. */
interface Told<Label extends string> {
  /** With its unit; that of a counter ends with `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Label[];
}

interface Count<Label extends string> extends Told<Label> {
  /** What is zero from the start rather than absent until it is counted: no increase is seen of what begins with one. */
  readonly zeros?: readonly Labels<Label>[];
}

interface Distribution<Label extends string> extends Told<Label> {
  /** Upper ends, in the unit of the name. */
  readonly buckets: readonly number[];
}

type Labels<Label extends string> = Readonly<Record<Label, string>>;

const PATIENCE_MS = 2_000;

/** What a process tells Prometheus of itself: its memory, processor and event loop, and what is added. */
export class Metrics {
  readonly #registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Of the text: the value of its content-type header. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Adds a value that goes up and down. */
  gauge({ name, help, labels = [], samples }: Metric): void {
    const gauge = new Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: [this.#registry],
      collect: async () => {
        forget(gauge);
        for (const sample of await inTime(samples)) gauge.set({ ...sample.labels }, sample.value);
      },
    });
  }

  /** Adds a value that only grows while the process runs. */
  counter({ name, help, labels = [], samples }: Metric): void {
    const counter = new Counter({
      name,
      help,
      labelNames: [...labels],
      registers: [this.#registry],
      collect: async () => {
        forget(counter);
        for (const sample of await inTime(samples)) counter.inc({ ...sample.labels }, sample.value);
      },
    });
  }

  /** Adds a value that grows by one whenever what is returned is called. */
  tally<Label extends string>({ name, help, labels, zeros = [] }: Count<Label>): (labels: Labels<Label>) => void {
    const counter = new Counter({ name, help, labelNames: [...labels], registers: [this.#registry] });
    for (const zero of zeros) counter.inc(zero, 0);
    return (values) => counter.inc(values);
  }

  /** Adds values that are counted by their size. Returns what counts one. */
  histogram<Label extends string>({
    name,
    help,
    labels,
    buckets,
  }: Distribution<Label>): (labels: Labels<Label>, value: number) => void {
    const histogram = new Histogram({
      name,
      help,
      labelNames: [...labels],
      buckets: [...buckets],
      registers: [this.#registry],
    });
    return (values, value) => histogram.observe(values, value);
  }

  /** All of them, asked now, in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

/** A metric without labels would be zero instead. */
function forget(metric: Gauge | Counter): void {
  metric.reset();
  metric.remove({});
}

/** Nothing where it failed or was late: what is not known is absent, not zero. */
async function inTime(samples: Metric['samples']): Promise<readonly Sample[]> {
  const ended = new AbortController();
  const late = delay(PATIENCE_MS, [], { signal: ended.signal }).catch(() => []);
  const asked = (async () => samples())().catch(() => []);
  return Promise.race([asked, late]).finally(() => ended.abort());
}
