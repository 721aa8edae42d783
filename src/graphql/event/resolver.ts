import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { isUuid } from '../../records/codec.js';
import type { AttemptNode } from '../attempt/node.js';
import { attemptPage } from '../attempt/page.js';
import { DeliveryAttemptConnection } from '../attempt/type.js';
import { PageArgs } from '../connection.js';
import type { RequestContext } from '../context.js';
import type { Connection } from '../page.js';
import { EventsArgs } from './args.js';
import { type EventNode, eventNode } from './node.js';
import { eventPage } from './page.js';
import { EventConnection, EventType } from './type.js';

@Resolver((_of) => EventType)
export class EventResolver {
  @Query((_type) => EventType, { nullable: true })
  async event(@Arg('id', (_type) => ID) id: string, @Ctx() { loaders }: RequestContext): Promise<EventNode | null> {
    const event = isUuid(id) ? await loaders.event.load(id) : null;
    return event && eventNode(event);
  }

  @Query((_type) => EventConnection, { nullable: true })
  events(
    @Args((_type) => EventsArgs) args: EventsArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<EventNode>> {
    return eventPage(context, args);
  }

  @FieldResolver((_type) => DeliveryAttemptConnection, { nullable: true, description: "one's own attempts only" })
  deliveryAttempts(
    @Root() { id }: EventNode,
    @Args((_type) => PageArgs) args: PageArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<AttemptNode>> {
    return attemptPage(context, args, { eventId: id });
  }
}
