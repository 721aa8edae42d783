/** What is to be compared of many rows: equal figures mean equal rows. */
export interface RowFigures {
  readonly rows: number;
  /** Of the rows' hashes, each 64 bits with a sign, wrapping. */
  readonly sum: bigint;
  readonly xor: bigint;
}

/** One row by what it is called and what it says. */
export interface RowHash {
  readonly id: string;
  /** 64 bits as decimal text. */
  readonly hash: string;
}

/** Rows are put into so many buckets by the first bits of their hash. */
export const BUCKET_BITS = 12;

export const NO_ROWS: RowFigures = { rows: 0, sum: 0n, xor: 0n };

/** Figures as the databases give them: a sum may be wider than 64 bits there. */
export const rowFigures = (rows: number, sum: string, xor: string): RowFigures => ({
  rows,
  sum: BigInt.asIntN(64, BigInt(sum)),
  xor: BigInt.asIntN(64, BigInt(xor)),
});

export const sameFigures = (left: RowFigures, right: RowFigures): boolean =>
  left.rows === right.rows && left.sum === right.sum && left.xor === right.xor;
