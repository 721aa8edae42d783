import { attemptType } from './attempt.js';
import { eventType } from './event.js';
import type { StreamName } from './names.js';
import type { RecordType } from './record-type.js';
import type { Shape } from './shape.js';
import type { TimeRange } from './time-range.js';

/** One column of a table of the history. */
export interface HistoryColumn {
  readonly name: string;
  readonly shape: Shape;
}

/** A table of the history that is moved. */
export interface HistoryTable {
  readonly table: StreamName;
  /** In the order of the contract. */
  readonly columns: readonly HistoryColumn[];
  /** Says which day a row belongs to. */
  readonly time: 'ingested_at' | 'created_at';
}

const columnsOf = <R>({ columnNames, columns }: RecordType<R>): HistoryColumn[] =>
  columnNames.map((name) => ({ name, shape: columns[name].shape }));

export const HISTORY: Readonly<Record<StreamName, HistoryTable>> = {
  events: { table: 'events', columns: columnsOf(eventType), time: 'ingested_at' },
  delivery_attempts: { table: 'delivery_attempts', columns: columnsOf(attemptType), time: 'created_at' },
};

/**
 * Times that can be moved. ClickHouse adds the retention, ten years at most, to a row's time, and what comes out has to be
 * before February 2106: a later end would be taken for one that has passed, and the row would be dropped.
 */
export const MOVABLE_TIMES: TimeRange = { from: 0, to: Date.UTC(2095, 0, 1) };
