/** The time zones on offer, UTC first. */
export const zonesOnOffer = (): string[] => [
  'UTC',
  ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC'),
];

export const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function isZone(zone: string): boolean {
  try {
    Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Wall time in a zone, as `datetime-local` inputs write it: YYYY-MM-DDTHH:MM. */
export function wallTime(time: number, zone: string): string {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
    formats.set(zone, format);
  }
  return format.format(time).replace(' ', 'T');
}

const WALL_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/;

const asUtc = (wall: string): number => (WALL_TIME.test(wall) ? Date.parse(`${wall}:00Z`) : Number.NaN);

/** The instant of a wall time in a zone, NaN where it is none; of an hour that a clock skips, the one after it. */
export function instantOf(wall: string, zone: string): number {
  const wanted = asUtc(wall);
  if (Number.isNaN(wanted)) return wanted;
  // The offset at a first guess, then at the time which that gives: right on both sides of a change of the clock.
  const first = wanted - (asUtc(wallTime(wanted, zone)) - wanted);
  return first - (asUtc(wallTime(first, zone)) - wanted);
}
