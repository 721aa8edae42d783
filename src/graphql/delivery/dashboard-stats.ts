import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Info, Query, Resolver } from 'type-graphql';
import type { RequestContext } from '../context.js';
import { rangeOf } from '../limits.js';
import { selectedFields } from './selection.js';
import { DashboardStats, deliveryStatsOf, hourlyStatsOf } from './stats.js';
import { TimeRangeInput } from './time-range.js';

@Resolver()
export class DashboardStatsResolver {
  /** One wave: all numbers from one question to the analytics store, the endpoints from Postgres beside it. */
  @Query((_type) => DashboardStats, { nullable: true })
  async dashboardStats(
    @Arg('range', (_type) => TimeRangeInput, { nullable: true }) input: TimeRangeInput | null | undefined,
    @Ctx() { user, now, services, loaders }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<DashboardStats> {
    const range = rangeOf(input, now);
    const selected = selectedFields(info);
    const hourly = selected.has('hourlyStats');
    const [answer, [activeEndpoints = 0]] = await Promise.all([
      loaders.deliveryStats.load({ scope: { userId: user.id }, range, hourly, events: selected.has('totalEvents') }),
      selected.has('activeEndpoints') ? services.configuration.activeEndpointCounts([user.id]) : [],
    ]);
    return {
      ...deliveryStatsOf(range, answer),
      activeEndpoints,
      hourlyStats: hourly ? hourlyStatsOf(range, answer) : [],
    };
  }
}
