export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** Half-open `[from, to)`, milliseconds since 1970, UTC. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** What a range leaves open is filled in: without `to` it ends now, without `from` it begins 24 hours before `to`. */
export function resolveRange(input: Partial<TimeRange>, now: number): TimeRange {
  const to = input.to ?? now;
  return { from: input.from ?? to - DAY_MS, to };
}

/** The part of a range that is not older than the retention; empty (`from` = `to`) where all of it is. */
export function clampToRetention(range: TimeRange, now: number, retentionDays: number): TimeRange {
  const from = Math.max(range.from, now - retentionDays * DAY_MS);
  return { from: Math.min(from, range.to), to: range.to };
}

export const startOfHour = (time: number): number => Math.floor(time / HOUR_MS) * HOUR_MS;
export const startOfDay = (time: number): number => Math.floor(time / DAY_MS) * DAY_MS;

/** How many UTC hours a range touches. */
export const hourCount = ({ from, to }: TimeRange): number =>
  from < to ? (startOfHour(to - 1) - startOfHour(from)) / HOUR_MS + 1 : 0;

/** The start of every UTC hour that a range touches, in order. */
export const hoursOf = (range: TimeRange): number[] =>
  Array.from({ length: hourCount(range) }, (_, index) => startOfHour(range.from) + index * HOUR_MS);

/** A range as its whole hours (possibly none) and the cut ones at its ends. */
export function splitWholeHours(range: TimeRange): { whole: TimeRange; edges: TimeRange[] } {
  const from = startOfHour(range.from + HOUR_MS - 1);
  const to = startOfHour(range.to);
  if (from >= to) return { whole: { from: range.from, to: range.from }, edges: range.from < range.to ? [range] : [] };
  const edges = [
    { from: range.from, to: from },
    { from: to, to: range.to },
  ].filter((edge) => edge.from < edge.to);
  return { whole: { from, to }, edges };
}

/**
 * The windows of a range from its end backwards, each twice as wide as the one before, the first of a day unless told
 * otherwise: for lists that stop when they are full.
 */
export function* windowsBackwards({ from, to }: TimeRange, firstWidth: number = DAY_MS): Generator<TimeRange> {
  let end = to;
  for (let width = firstWidth; end > from; width *= 2) {
    const start = Math.max(from, end - width);
    yield { from: start, to: end };
    end = start;
  }
}
