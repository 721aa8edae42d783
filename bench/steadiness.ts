/** The share of a run that is not looked at: caches fill, and the heap finds its size. */
const WARM_UP = 1 / 3;

/** What a process held in the two halves of a run after its warm-up: medians, NaN where it was not looked at. */
export interface Halves {
  readonly first: number;
  readonly second: number;
}

export function halvesOf(values: readonly number[]): Halves {
  const warm = values.slice(Math.floor(values.length * WARM_UP));
  const half = Math.ceil(warm.length / 2);
  return { first: median(warm.slice(0, half)), second: median(warm.slice(half)) };
}

/** Whether there was at most so many times as much in the second half. What was not looked at is not steady. */
export const isSteady = ({ first, second }: Halves, limit: number): boolean => second <= limit * first;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
