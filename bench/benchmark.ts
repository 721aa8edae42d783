import type { Measurement } from './measure.js';

/** What a benchmark is run with. */
export interface BenchOptions {
  /** 1 is 4.8 million events and 7 million attempts. */
  readonly scale: number;
  /** Whether it is enough to see that everything runs: a short round of each side, whose figures say nothing. */
  readonly smoke: boolean;
  /** Hears of progress, a line each. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Several sides of one question, measured alternately. */
export interface Comparison {
  readonly title: string;
  /** What ratios are taken of: the name of one side. */
  readonly baseline: string;
  /** How many rows each side goes through in a run, where that is the question. */
  readonly rows?: number;
  readonly sides: readonly Measurement[];
}

/** A promise that a benchmark checks. */
interface Claim {
  readonly text: string;
  readonly holds: boolean;
}

export interface BenchReport {
  readonly name: string;
  readonly title: string;
  readonly scale: number;
  /** What was asked, of what, in a few sentences. */
  readonly about: string;
  readonly comparisons: readonly Comparison[];
  readonly claims: readonly Claim[];
}

export interface Benchmark {
  readonly name: string;
  run(options: BenchOptions): Promise<BenchReport>;
}
