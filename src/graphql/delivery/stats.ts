import { Field, ObjectType } from 'type-graphql';
import type { Day } from '../../records/days.js';
import { hoursOf, type TimeRange } from '../../records/time-range.js';
import {
  type DeliveryCounters as Counters,
  type DeliveryStatsAnswer,
  NO_DELIVERIES,
} from '../../stores/analytics-store.js';
import { DateTime, SafeInt } from '../scalars.js';
import { DeliveryCounters, withRates } from './counters.js';
import { ResolvedRange } from './time-range.js';

@ObjectType({ implements: DeliveryCounters, simpleResolvers: true })
export class DeliveryStats extends DeliveryCounters {
  @Field((_type) => ResolvedRange)
  readonly range!: ResolvedRange;

  @Field((_type) => SafeInt, { description: 'distinct event ids' })
  readonly totalEvents!: number;
}

@ObjectType({ implements: DeliveryCounters, simpleResolvers: true })
export class HourlyStat extends DeliveryCounters {
  @Field((_type) => DateTime)
  readonly hour!: number;
}

@ObjectType({ implements: DeliveryCounters, simpleResolvers: true })
export class DailyStat extends DeliveryCounters {
  @Field((_type) => String, { description: 'YYYY-MM-DD' })
  readonly date!: string;

  @Field((_type) => DateTime, { description: 'the first instant of the day' })
  readonly start!: number;
}

@ObjectType({ implements: DeliveryCounters, simpleResolvers: true })
export class DashboardStats extends DeliveryCounters {
  @Field((_type) => ResolvedRange)
  readonly range!: ResolvedRange;

  @Field((_type) => SafeInt, { description: 'distinct event ids' })
  readonly totalEvents!: number;

  @Field((_type) => SafeInt, { description: 'counts is_active' })
  readonly activeEndpoints!: number;

  @Field((_type) => [HourlyStat], { description: 'every UTC hour the range touches, in order, zeros included' })
  readonly hourlyStats!: readonly HourlyStat[];
}

export const deliveryStatsOf = (range: TimeRange, { total, totalEvents }: DeliveryStatsAnswer): DeliveryStats => ({
  ...withRates(total),
  range,
  totalEvents,
});

/** Every UTC hour the range touches, zeros included. */
export const hourlyStatsOf = (range: TimeRange, { hours }: DeliveryStatsAnswer): HourlyStat[] =>
  hoursOf(range).map((hour) => ({ hour, ...withRates(hours.get(hour) ?? NO_DELIVERIES) }));

export const dailyStatsOf = (days: readonly Day[], counters: readonly Counters[]): DailyStat[] =>
  days.map((day, index) => ({ ...day, ...withRates(counters[index] ?? NO_DELIVERIES) }));
