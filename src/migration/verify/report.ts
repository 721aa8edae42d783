import type { StreamName } from '../../records/names.js';

/** One row that is not the same in both stores. */
export interface RowDifference {
  readonly table: StreamName;
  /** Start of the UTC day, milliseconds since 1970. */
  readonly day: number;
  readonly id: string;
  /** In Postgres alone, in ClickHouse alone (or there once too often), or in both with other values. */
  readonly kind: 'missing' | 'extra' | 'changed';
  /** The columns that differ, where both have the row. */
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
  /** Days on which more rows differ than are named. */
  readonly cutShort: readonly number[];
}

export interface VerifyReport {
  /** Milliseconds since 1970. */
  readonly beganAt: number;
  /** Whether it was of both tables and everything that is kept. */
  readonly complete: boolean;
  readonly tables: readonly ComparedTable[];
  readonly sums: { readonly days: number; readonly differences: readonly SumDifference[] };
  readonly answers: { readonly asked: number; readonly differences: readonly AnswerDifference[] };
}

/** Days with unnamed rows count once more, so that they are never none. */
export const differencesIn = ({ tables, sums, answers }: VerifyReport): number =>
  tables.reduce((sum, { differences, cutShort }) => sum + differences.length + cutShort.length, 0) +
  sums.differences.length +
  answers.differences.length;
