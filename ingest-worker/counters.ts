/** What a lane has done since it started. */
export interface LaneCounters {
  batches: number;
  /** Rows committed: collapsed and bad records are not counted. */
  rows: number;
  /** Records sent to the dead letters by this lane: those another group found first are not counted. */
  deadLetters: number;
  /** Batches given up because another worker owned some of their entries. */
  lostBatches: number;
}

export const newCounters = (): LaneCounters => ({ batches: 0, rows: 0, deadLetters: 0, lostBatches: 0 });

/** What the audits of the rollups have done since the worker started. */
export interface AuditCounters {
  comparedDays: number;
  mendedDays: number;
  /** Sums that were wrong. */
  mendedKeys: number;
  /** Days that could not be held, each time that it was tried. */
  postponedDays: number;
}

export const newAuditCounters = (): AuditCounters => ({
  comparedDays: 0,
  mendedDays: 0,
  mendedKeys: 0,
  postponedDays: 0,
});
