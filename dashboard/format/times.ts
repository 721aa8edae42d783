const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone} ${JSON.stringify(options)}`;
  const known = formats.get(key) ?? new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...options });
  formats.set(key, known);
  return known;
}

const DAY = { day: 'numeric', month: 'short' } as const;
const CLOCK = { hour: '2-digit', minute: '2-digit' } as const;

/** 14:00 */
export const clock = (time: number, zone: string): string => format(zone, CLOCK).format(time);

/** 21 Nov */
export const day = (time: number, zone: string): string => format(zone, DAY).format(time);

/** Sat 21 Nov, 14:00 */
export const dayAndClock = (time: number, zone: string): string =>
  format(zone, { weekday: 'short', ...DAY, ...CLOCK }).format(time);

/** Sat 21 Nov */
export const weekday = (time: number, zone: string): string => format(zone, { weekday: 'short', ...DAY }).format(time);

/** 21 Nov, 14:03:27 */
export const toTheSecond = (time: number, zone: string): string =>
  format(zone, { ...DAY, ...CLOCK, second: '2-digit' }).format(time);

/** 21 Nov 2026, 14:03:27.123 UTC */
export const inFull = (time: number, zone: string): string =>
  format(zone, {
    ...DAY,
    year: 'numeric',
    ...CLOCK,
    second: '2-digit',
    fractionalSecondDigits: 3,
    timeZoneName: 'short',
  }).format(time);
