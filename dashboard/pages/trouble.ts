interface Outcomes {
  readonly attempts: number;
  readonly failures: number;
  readonly expired: number;
  readonly pending: number;
}

/** Of a normal distribution: 95 % certain. */
const Z = 1.96;

/** The share of ended attempts that did not succeed, null without any. */
export function failureShare({ attempts, failures, expired, pending }: Outcomes): number | null {
  const ended = attempts - pending;
  return ended > 0 ? (failures + expired) / ended : null;
}

/**
 * How sure it is that many of an endpoint's attempts fail: the lower end of the Wilson interval of its failure share.
 * One failure of one attempt is less trouble than 300 of 1,000.
 */
export function troubleOf(outcomes: Outcomes): number {
  const share = failureShare(outcomes);
  if (share === null) return 0;
  const n = outcomes.attempts - outcomes.pending;
  const centre = share + Z ** 2 / (2 * n);
  const spread = Z * Math.sqrt((share * (1 - share) + Z ** 2 / (4 * n)) / n);
  return Math.max(0, (centre - spread) / (1 + Z ** 2 / n));
}
