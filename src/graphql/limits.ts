import { DAY_MS, HOUR_MS, resolveRange, type TimeRange } from '../records/time-range.js';

/** What a single request may ask for at most: docs/limits.md explains each. */
export interface Limits {
  /** The largest `first` of a list. */
  readonly maxPageSize: number;
  /** The longest range of `hourlyStats`, in hours it touches. */
  readonly maxHourlyRangeHours: number;
  /** The longest range of `dailyStats`, in days it touches. */
  readonly maxDailyRangeDays: number;
  /** The most items of a list that is given as an argument, such as ids. */
  readonly maxListItems: number;
  /** The most that an operation may cost: roughly the objects of its answer. */
  readonly maxCost: number;
  /** Of a request's body or a socket's message. */
  readonly maxBodyBytes: number;
  readonly maxDocumentBytes: number;
  readonly maxDocumentTokens: number;
  /** Fields inside each other. */
  readonly maxDocumentDepth: number;
  /** Fields, those of fragments counted wherever they are spread; so are aliases and directives. */
  readonly maxDocumentFields: number;
  readonly maxRootFields: number;
  readonly maxAliases: number;
  /** How often one field may be asked for in one place, under whatever names. */
  readonly maxAliasesPerField: number;
  readonly maxDirectives: number;
  /** Whether the schema may be asked for. */
  readonly introspection: boolean;
  /** How long an operation may run, milliseconds. */
  readonly operationTimeoutMs: number;
}

/** A range as the client gave it: open ends may be missing or null. */
export interface RangeInput {
  readonly from?: number | null;
  readonly to?: number | null;
}

/** The range that is meant, not clamped to the retention. That `from` is before `to` has been seen to before. */
export const rangeOf = (input: RangeInput | null | undefined, now: number): TimeRange =>
  resolveRange(
    {
      ...(typeof input?.from === 'number' ? { from: input.from } : {}),
      ...(typeof input?.to === 'number' ? { to: input.to } : {}),
    },
    now,
  );

/** All that is kept: back to the retention, and the hour that an attempt's time may lie ahead. */
export const everythingKept = (now: number, retentionDays: number): TimeRange => ({
  from: now - retentionDays * DAY_MS,
  to: now + HOUR_MS + 1,
});
