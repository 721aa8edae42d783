import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { isUuid } from '../../records/codec.js';
import type { Endpoint } from '../../records/configuration.js';
import type { RequestContext } from '../context.js';
import { EndpointType } from '../endpoint/type.js';
import { type EventNode, eventNode } from '../event/node.js';
import { EventType } from '../event/type.js';
import type { Connection } from '../page.js';
import { DeliveryAttemptsArgs } from './args.js';
import { type AttemptNode, attemptNode } from './node.js';
import { attemptPage } from './page.js';
import { DeliveryAttemptConnection, DeliveryAttemptType } from './type.js';

@Resolver((_of) => DeliveryAttemptType)
export class DeliveryAttemptResolver {
  @Query((_type) => DeliveryAttemptType, { nullable: true })
  async deliveryAttempt(
    @Arg('id', (_type) => ID) id: string,
    @Ctx() { loaders }: RequestContext,
  ): Promise<AttemptNode | null> {
    const attempt = isUuid(id) ? await loaders.attempt.load(id) : null;
    return attempt && attemptNode(attempt);
  }

  @Query((_type) => DeliveryAttemptConnection, { nullable: true })
  deliveryAttempts(
    @Args((_type) => DeliveryAttemptsArgs) args: DeliveryAttemptsArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<AttemptNode>> {
    return attemptPage(context, args);
  }

  /** Null where the attempt came without its event. */
  @FieldResolver((_type) => EventType, { nullable: true })
  async event(@Root() { eventId }: AttemptNode, @Ctx() { loaders }: RequestContext): Promise<EventNode | null> {
    const event = await loaders.event.load(eventId);
    return event && eventNode(event);
  }

  /** Null where the endpoint has been deleted. */
  @FieldResolver((_type) => EndpointType, { nullable: true })
  endpoint(@Root() { endpointId }: AttemptNode, @Ctx() { loaders }: RequestContext): Promise<Endpoint | null> {
    return loaders.endpoint.load(endpointId);
  }
}
