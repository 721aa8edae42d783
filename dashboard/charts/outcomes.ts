import { exactCount } from '../format/numbers.js';
import type { Bucket } from './bucket.js';

/** What can become of an attempt, from the bottom of a bar to its top: what is wrong stands on the ground. */
export const OUTCOMES = [
  { key: 'failures', label: 'Failed', color: 'failed', text: ({ failures }: Bucket) => exactCount(failures) },
  { key: 'expired', label: 'Expired', color: 'expired', text: ({ expired }: Bucket) => exactCount(expired) },
  { key: 'successes', label: 'Succeeded', color: 'succeeded', text: ({ successes }: Bucket) => exactCount(successes) },
  { key: 'pending', label: 'Pending', color: 'pending', text: ({ pending }: Bucket) => exactCount(pending) },
] as const;
export type OutcomeKey = (typeof OUTCOMES)[number]['key'];

/** The heights of the tops of what is stacked, the highest first, so that lower ones are drawn over higher ones. */
export function stack(buckets: readonly Bucket[], shown: readonly OutcomeKey[]): number[][] {
  const tops: number[][] = [];
  let below = buckets.map(() => 0);
  for (const key of shown) {
    below = buckets.map((bucket, index) => (below[index] ?? 0) + bucket[key]);
    tops.unshift(below);
  }
  return tops;
}
