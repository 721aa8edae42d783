import { Arg, ID, Resolver, Root, Subscription } from 'type-graphql';
import type { RequestContext } from '../context.js';
import { HourlyStat } from '../delivery/stats.js';
import { badUserInput } from '../errors.js';
import type { FeedSource } from './watched-source.js';

interface SourceArgs {
  readonly applicationId?: string | null;
  readonly endpointId?: string | null;
}

@Resolver()
export class HourlyStatsSubscription {
  @Subscription((_type) => HourlyStat, {
    description:
      'The current hour at once, then every hour bucket whose numbers changed, within a second of its commit.',
    subscribe: async ({ args, context }: { args: SourceArgs; context: RequestContext }) =>
      context.services.hourlyStatsFeed.subscribe(await sourceOf(args, context)),
  })
  hourlyStats(
    @Root() stat: HourlyStat,
    @Arg('applicationId', (_type) => ID, { nullable: true }) _applicationId: string | null | undefined,
    @Arg('endpointId', (_type) => ID, { nullable: true }) _endpointId: string | null | undefined,
  ): HourlyStat {
    return stat;
  }
}

/** Both arguments narrow together. Throws BAD_USER_INPUT, in the same words, for what is unknown and what is another's. */
async function sourceOf({ applicationId, endpointId }: SourceArgs, context: RequestContext): Promise<FeedSource> {
  const { user, loaders } = context;
  const application = typeof applicationId === 'string' ? await loaders.application.load(applicationId) : undefined;
  const endpoint = typeof endpointId === 'string' ? await loaders.endpoint.load(endpointId) : undefined;
  if (application === null) throw badUserInput('applicationId: there is no such application.');
  if (endpoint === null || (endpoint && application && endpoint.applicationId !== application.id)) {
    throw badUserInput('endpointId: there is no such endpoint.');
  }
  return {
    userId: user.id,
    ...(application === undefined ? {} : { applicationId: application.id }),
    ...(endpoint === undefined ? {} : { endpointId: endpoint.id }),
  };
}
