import type { TimeRange } from '../api/operations.js';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
export const LONGEST_MS = 90 * DAY_MS;
/** Longer ranges are drawn by day. */
const HOURLY_UP_TO_MS = 31 * DAY_MS;

/** The ranges on offer that end now: their name in the URL, and how they are said. */
export const LAST = {
  '1h': { label: '1 hour', ms: HOUR_MS },
  '6h': { label: '6 hours', ms: 6 * HOUR_MS },
  '24h': { label: '24 hours', ms: DAY_MS },
  '3d': { label: '3 days', ms: 3 * DAY_MS },
  '7d': { label: '7 days', ms: 7 * DAY_MS },
  '14d': { label: '14 days', ms: 14 * DAY_MS },
  '30d': { label: '30 days', ms: 30 * DAY_MS },
  '90d': { label: '90 days', ms: 90 * DAY_MS },
} as const;
export type LastName = keyof typeof LAST;
const DEFAULT: LastName = '24h';

/** What is looked at: the time up to now, or a half-open range between two instants, milliseconds. */
export type RangeChoice =
  | { readonly kind: 'last'; readonly name: LastName }
  | { readonly kind: 'between'; readonly from: number; readonly to: number };

export const isLastName = (text: string | null): text is LastName => text !== null && Object.hasOwn(LAST, text);

/** What a URL asks for; whatever makes no sense is the default. */
export function choiceFrom(params: URLSearchParams): RangeChoice {
  const from = Date.parse(params.get('from') ?? '');
  const to = Date.parse(params.get('to') ?? '');
  if (from < to && to - from <= LONGEST_MS) return { kind: 'between', from, to };
  const name = params.get('range');
  return { kind: 'last', name: isLastName(name) ? name : DEFAULT };
}

/** A copy of the parameters that asks for this choice; the default is left out. */
export function withChoice(params: URLSearchParams, choice: RangeChoice): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const name of ['range', 'from', 'to']) next.delete(name);
  if (choice.kind === 'between') {
    next.set('from', new Date(choice.from).toISOString());
    next.set('to', new Date(choice.to).toISOString());
  } else if (choice.name !== DEFAULT) {
    next.set('range', choice.name);
  }
  return next;
}

export const lengthOf = (choice: RangeChoice): number =>
  choice.kind === 'last' ? LAST[choice.name].ms : choice.to - choice.from;

/** The range to ask for at a time, and the one of equal length before it. One that ends now has no end. */
export function rangesAt(choice: RangeChoice, now: number): { readonly range: TimeRange; readonly before: TimeRange } {
  const from = choice.kind === 'last' ? now - lengthOf(choice) : choice.from;
  const iso = (time: number): string => new Date(time).toISOString();
  return {
    range: { from: iso(from), ...(choice.kind === 'last' ? {} : { to: iso(choice.to) }) },
    before: { from: iso(from - lengthOf(choice)), to: iso(from) },
  };
}

/** Whether new attempts can fall into it. */
export const isLive = (choice: RangeChoice, now: number): boolean =>
  choice.kind === 'last' || choice.to > now - HOUR_MS;

export const isHourly = (choice: RangeChoice): boolean => lengthOf(choice) <= HOURLY_UP_TO_MS;

/** Tells one choice from another. */
export const keyOf = (choice: RangeChoice): string =>
  choice.kind === 'last' ? choice.name : `${choice.from}..${choice.to}`;

/** What the figures are compared with. */
export const beforeLabel = (choice: RangeChoice): string =>
  choice.kind === 'last' ? `the ${LAST[choice.name].label} before` : 'as long a time before';
