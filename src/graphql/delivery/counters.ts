import { Field, Float, InterfaceType } from 'type-graphql';
import type { DeliveryCounters as Counters } from '../../stores/analytics-store.js';
import { SafeInt } from '../scalars.js';

/** A store's counters with what follows from them, as plain properties. */
export const withRates = (counters: Counters): DeliveryCounters => ({
  ...counters,
  successRate: successRateOf(counters),
  avgLatencyMs: counters.latencyCount === 0 ? null : counters.latencySumMs / counters.latencyCount,
});

export const successRateOf = ({ attempts, successes }: Pick<Counters, 'attempts' | 'successes'>): number | null =>
  attempts === 0 ? null : (100 * successes) / attempts;

@InterfaceType({
  description:
    'Attempts by their latest status. successRate is 100 * successes / attempts, null without attempts. A pending attempt carries no latency.',
})
export abstract class DeliveryCounters {
  @Field((_type) => SafeInt)
  readonly attempts!: number;

  @Field((_type) => SafeInt)
  readonly successes!: number;

  @Field((_type) => SafeInt)
  readonly failures!: number;

  @Field((_type) => SafeInt)
  readonly expired!: number;

  @Field((_type) => SafeInt)
  readonly pending!: number;

  @Field((_type) => SafeInt, { description: 'attempt_number > 1' })
  readonly retries!: number;

  @Field((_type) => Float, { nullable: true })
  readonly successRate!: number | null;

  @Field((_type) => Float, { nullable: true, description: 'over attempts with a response time; null without' })
  readonly avgLatencyMs!: number | null;

  @Field((_type) => SafeInt, { nullable: true, description: 'over attempts with a response time; null without' })
  readonly minLatencyMs!: number | null;

  @Field((_type) => SafeInt, { nullable: true, description: 'over attempts with a response time; null without' })
  readonly maxLatencyMs!: number | null;

  @Field((_type) => SafeInt, { nullable: true, description: "exact, nearest rank (SQL's percentile_disc)" })
  readonly p50LatencyMs!: number | null;

  @Field((_type) => SafeInt, { nullable: true, description: "exact, nearest rank (SQL's percentile_disc)" })
  readonly p95LatencyMs!: number | null;

  @Field((_type) => SafeInt, { nullable: true, description: "exact, nearest rank (SQL's percentile_disc)" })
  readonly p99LatencyMs!: number | null;
}
