import type { StreamName } from '../../records/names.js';

/** One row that is not the same in both stores. */
export interface RowDifference {
  readonly table: StreamName;
  /** Start of the UTC day, milliseconds since 1970. */
  readonly day: number;
  readonly id: string;
  /**
   * In Postgres alone; in ClickHouse alone, or there once too often; in both with other values; or changed by somebody
   * each time it was looked at.
   */
  readonly kind: 'missing' | 'extra' | 'changed' | 'undecided';
  /** The columns that differ, where both have the row. */
  readonly columns: readonly string[];
}

/**
 * A row that is in ClickHouse alone since a column of Postgres has no room for its value: a dead letter there. That the
 * stores differ so is known, and no difference.
 */
export interface RejectedRow {
  readonly table: StreamName;
  /** Start of the UTC day, milliseconds since 1970. */
  readonly day: number;
  readonly id: string;
  /** The columns that are too narrow. */
  readonly columns: readonly string[];
}

/** A user whose sums of one day are not those of the attempts. */
export interface SumDifference {
  readonly day: number;
  readonly userId: string;
  /** The rollups that are wrong. */
  readonly rollups: readonly ('hourly' | 'daily')[];
  /** Attempts that they lack; negative where they have too many. */
  readonly attempts: number;
}

/** A question of the gateway that the stores answer differently. */
export interface AnswerDifference {
  readonly question: string;
  readonly userId: string;
}

interface ComparedTable {
  readonly table: StreamName;
  readonly days: number;
  /** In Postgres. */
  readonly rows: number;
  readonly differences: readonly RowDifference[];
  readonly rejected: readonly RejectedRow[];
  /** Days that were not compared to their end because so many rows differ. */
  readonly cutShort: readonly number[];
}

interface ComparedSums {
  readonly days: number;
  readonly differences: readonly SumDifference[];
  /** Days that were not compared to their end because the sums of so many users differ. */
  readonly cutShort: readonly number[];
}

export interface VerifyReport {
  /** Milliseconds since 1970. */
  readonly beganAt: number;
  /** Whether it was of both tables and everything that is kept. */
  readonly complete: boolean;
  readonly tables: readonly ComparedTable[];
  readonly sums: ComparedSums;
  readonly answers: { readonly asked: number; readonly differences: readonly AnswerDifference[] };
}

/** Days that were cut short count once more, so that they are never none. */
export const differencesIn = ({ tables, sums, answers }: VerifyReport): number =>
  [...tables, sums].reduce((sum, { differences, cutShort }) => sum + differences.length + cutShort.length, 0) +
  answers.differences.length;
