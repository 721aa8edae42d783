import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Field, FieldResolver, Float, ID, Info, Int, InterfaceType, Resolver, Root } from 'type-graphql';
import type { Application, Endpoint, User } from '../../records/configuration.js';
import { daysOf } from '../../records/days.js';
import type { DeliveryScope, BreakdownDimension as Dimension } from '../../stores/analytics-store.js';
import type { RequestContext } from '../context.js';
import { rangeOf } from '../limits.js';
import { BreakdownDimension, BreakdownRowType, breakdownRow } from './breakdown.js';
import { successRateOf } from './counters.js';
import { selectedFields } from './selection.js';
import { DailyStat, DeliveryStats, dailyStatsOf, deliveryStatsOf, HourlyStat, hourlyStatsOf } from './stats.js';
import { TimeRangeInput } from './time-range.js';

type Source = User | Application | Endpoint;

/** Whose attempts a source measures. */
async function scopeOf(source: Source, { user, loaders }: RequestContext): Promise<DeliveryScope> {
  if ('applicationId' in source) return { userId: user.id, endpointIds: [source.id] };
  if ('userId' in source) return { userId: user.id, endpointIds: await loaders.endpointIds.load(source.id) };
  return { userId: user.id };
}

@InterfaceType({
  description: 'What can be measured: a user, an application or an endpoint.',
  resolveType: (source: Source) =>
    'applicationId' in source ? 'Endpoint' : 'userId' in source ? 'Application' : 'User',
})
export abstract class DeliverySource {
  @Field((_type) => ID)
  readonly id!: string;
}

@Resolver((_of) => DeliverySource)
export class DeliverySourceResolver {
  @FieldResolver((_type) => Float, { nullable: true })
  async successRate(
    @Root() source: Source,
    @Arg('range', (_type) => TimeRangeInput, { nullable: true }) input: TimeRangeInput | null | undefined,
    @Ctx() context: RequestContext,
  ): Promise<number | null> {
    const range = rangeOf(input, context.now);
    const scope = await scopeOf(source, context);
    return successRateOf((await context.loaders.deliveryStats.load({ scope, range })).total);
  }

  @FieldResolver((_type) => DeliveryStats, { nullable: true })
  async stats(
    @Root() source: Source,
    @Arg('range', (_type) => TimeRangeInput, { nullable: true }) input: TimeRangeInput | null | undefined,
    @Ctx() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<DeliveryStats> {
    const range = rangeOf(input, context.now);
    const events = selectedFields(info).has('totalEvents');
    const scope = await scopeOf(source, context);
    return deliveryStatsOf(range, await context.loaders.deliveryStats.load({ scope, range, events }));
  }

  @FieldResolver((_type) => [HourlyStat], { nullable: true })
  async hourlyStats(
    @Root() source: Source,
    @Arg('range', (_type) => TimeRangeInput, { nullable: true }) input: TimeRangeInput | null | undefined,
    @Ctx() context: RequestContext,
  ): Promise<HourlyStat[]> {
    const range = rangeOf(input, context.now);
    const scope = await scopeOf(source, context);
    return hourlyStatsOf(range, await context.loaders.deliveryStats.load({ scope, range, hourly: true }));
  }

  @FieldResolver((_type) => [DailyStat], {
    nullable: true,
    description: 'every day of timeZone the range touches, in order, zeros included, 23 and 25 hour days right',
  })
  async dailyStats(
    @Root() source: Source,
    @Arg('range', (_type) => TimeRangeInput, { nullable: true }) input: TimeRangeInput | null | undefined,
    @Arg('timeZone', (_type) => String, { defaultValue: 'UTC' }) timeZone: string,
    @Ctx() context: RequestContext,
  ): Promise<DailyStat[]> {
    const range = rangeOf(input, context.now);
    const days = daysOf(range, timeZone);
    const scope = await scopeOf(source, context);
    const starts = days.map(({ start }) => start);
    return dailyStatsOf(days, await context.loaders.dailyStats(scope, range, starts));
  }

  @FieldResolver((_type) => [BreakdownRowType], { nullable: true })
  async breakdown(
    @Root() source: Source,
    @Arg('by', (_type) => BreakdownDimension) by: Dimension,
    @Arg('range', (_type) => TimeRangeInput, { nullable: true }) input: TimeRangeInput | null | undefined,
    @Arg('first', (_type) => Int, { defaultValue: 10 }) first: number,
    @Ctx() context: RequestContext,
  ): Promise<BreakdownRowType[]> {
    const range = rangeOf(input, context.now);
    const scope = await scopeOf(source, context);
    return (await context.loaders.breakdown(scope, { by, range, limit: first })).map((row) => breakdownRow(by, row));
  }
}
