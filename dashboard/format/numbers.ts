const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
const seconds = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const UNKNOWN = '–';

export const exactCount = (count: number): string => whole.format(count);

/** Short from a million on. */
export const shortCount = (count: number): string => (count < 1_000_000 ? whole : compact).format(count);

/** For an axis. */
export const axisCount = (count: number): string => (Number.isInteger(count) ? compact.format(count) : '');

/** A percentage that never rounds to a hundred what is less. */
export function percent(rate: number | null): string {
  if (rate === null) return UNKNOWN;
  const digits = rate > 99 && rate < 100 ? 2 : 1;
  const factor = 10 ** digits;
  return `${rate === 100 || rate === 0 ? rate : (Math.floor(rate * factor) / factor).toFixed(digits)} %`;
}

export function latency(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  return ms < 1_000 ? `${whole.format(ms)} ms` : `${seconds.format(ms / 1_000)} s`;
}
