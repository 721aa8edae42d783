/** How a figure differs from that of the period before. */
export interface Change {
  /** +12 % */
  readonly text: string;
  readonly said: string;
  readonly meaning: 'better' | 'worse' | 'neutral';
}

/** Less than this, in percent or in percentage points, is said to be none. */
const SAME_BELOW = 0.05;

/** More or fewer is neither good nor bad. Null where there was nothing before. */
export const changeOfCount = (now: number, before: number): Change | null => relative(now, before, () => 'neutral');

/** Slower is worse. */
export const changeOfLatency = (now: number | null, before: number | null): Change | null =>
  now === null || before === null ? null : relative(now, before, (isMore) => (isMore ? 'worse' : 'better'));

/** In percentage points; lower is worse. */
export function changeOfRate(now: number | null, before: number | null): Change | null {
  if (now === null || before === null) return null;
  return changed(now - before, 'points', (isMore) => (isMore ? 'better' : 'worse'));
}

function relative(now: number, before: number, meaning: (isMore: boolean) => Change['meaning']): Change | null {
  return before === 0 ? null : changed((100 * (now - before)) / before, '%', meaning);
}

function changed(difference: number, unit: string, meaning: (isMore: boolean) => Change['meaning']): Change {
  const size = Math.abs(difference);
  if (size < SAME_BELOW) return { text: 'unchanged', said: 'unchanged', meaning: 'neutral' };
  const amount = `${size >= 10_000 ? '>9999' : size.toFixed(size < 10 ? 1 : 0)} ${unit}`;
  const isMore = difference > 0;
  return {
    text: `${isMore ? '↑' : '↓'} ${amount}`,
    said: `${isMore ? 'up' : 'down'} ${amount}`,
    meaning: meaning(isMore),
  };
}
