import { setTimeout as delay } from 'node:timers/promises';

/** One way to answer a question. */
export interface Side {
  readonly name: string;
  /** What has to be done before each run, untimed. */
  prepare?(): Promise<unknown>;
  run(): Promise<unknown>;
}

/** How long one side took, milliseconds. A side that ran out of time has no figures. */
export interface Measurement {
  readonly name: string;
  readonly samples: number;
  readonly timedOutAfterMs: number | null;
  readonly p10Ms: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p95Ms: number;
  /** Of a side that was asked by many at once. */
  readonly load?: { readonly perSecond: number; readonly errors: number } | undefined;
  /** On disk, of a side that is weighed rather than timed. */
  readonly bytes?: number | undefined;
}

interface MeasureOptions {
  /** Untimed runs of each side before. */
  readonly warmUps: number;
  readonly rounds: number;
  /** A side that took longer altogether leaves the rounds, once it has three samples. */
  readonly budgetMs: number;
  /** A run that takes longer takes its side out. */
  readonly timeoutMs: number;
  /** Whether one round without a warm-up is enough. */
  readonly smoke?: boolean;
  readonly signal: AbortSignal;
}

const SAMPLES_MIN = 3;
const TIMED_OUT = Symbol('timed out');

/**
 * Runs all sides once a round, each round beginning with another side, so that whatever slows the machine for a while
 * slows all of them.
 */
export async function measureAlternately(sides: readonly Side[], asked: MeasureOptions): Promise<Measurement[]> {
  const options = asked.smoke === true ? { ...asked, warmUps: 0, rounds: 1 } : asked;
  const running = new Map(sides.map((side) => [side, [] as number[]]));
  const timedOut = new Set<Side>();
  const time = async (side: Side): Promise<number> => {
    options.signal.throwIfAborted();
    await side.prepare?.();
    const begun = performance.now();
    if ((await withinTime(side.run(), options.timeoutMs)) === TIMED_OUT) timedOut.add(side);
    return performance.now() - begun;
  };
  for (const side of sides) {
    for (let run = 0; run < options.warmUps && !timedOut.has(side); run++) await time(side);
  }
  for (let round = 0; round < options.rounds; round++) {
    const first = round % sides.length;
    for (const side of [...sides.slice(first), ...sides.slice(0, first)]) {
      const samples = running.get(side) ?? [];
      const spent = samples.reduce((sum, sample) => sum + sample, 0);
      if (timedOut.has(side) || (samples.length >= SAMPLES_MIN && spent > options.budgetMs)) continue;
      samples.push(await time(side));
    }
  }
  return sides.map((side) => summary(side, running.get(side) ?? [], timedOut.has(side) ? options.timeoutMs : null));
}

/** The run's result, or TIMED_OUT; a run that is left behind is not waited for. */
export async function withinTime<T>(run: Promise<T>, timeoutMs: number): Promise<T | typeof TIMED_OUT> {
  const timer = new AbortController();
  run.catch(() => undefined);
  try {
    return await Promise.race([run, delay(timeoutMs, TIMED_OUT as typeof TIMED_OUT, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}

export const ranOutOfTime = (result: unknown): result is typeof TIMED_OUT => result === TIMED_OUT;

/** The figures of runs that took so long. */
export function summary(
  { name }: Pick<Side, 'name'>,
  samples: readonly number[],
  timedOutAfterMs: number | null,
): Measurement {
  const sorted = [...samples].sort((a, b) => a - b);
  const percentile = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return {
    name,
    samples: samples.length,
    timedOutAfterMs,
    p10Ms: percentile(0.1),
    p50Ms: percentile(0.5),
    p90Ms: percentile(0.9),
    p95Ms: percentile(0.95),
  };
}

/** A side that is weighed. */
export const sized = (name: string, bytes: number): Measurement => ({ ...summary({ name }, [], null), bytes });
