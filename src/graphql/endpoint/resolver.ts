import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import type { Application, Endpoint } from '../../records/configuration.js';
import { ApplicationType } from '../application/type.js';
import { DeliveryAttemptsArgs } from '../attempt/args.js';
import type { AttemptNode } from '../attempt/node.js';
import { attemptPage } from '../attempt/page.js';
import { DeliveryAttemptConnection } from '../attempt/type.js';
import type { RequestContext } from '../context.js';
import { type Connection, connectionOf, pageRequest } from '../page.js';
import { EndpointsArgs, storeFilter } from './args.js';
import { EndpointConnection, EndpointType } from './type.js';

@Resolver((_of) => EndpointType)
export class EndpointResolver {
  @Query((_type) => EndpointType, { nullable: true })
  endpoint(@Arg('id', (_type) => ID) id: string, @Ctx() { loaders }: RequestContext): Promise<Endpoint | null> {
    return loaders.endpoint.load(id);
  }

  @Query((_type) => EndpointConnection)
  async endpoints(
    @Args((_type) => EndpointsArgs) args: EndpointsArgs,
    @Ctx() { user, services }: RequestContext,
  ): Promise<Connection<Endpoint>> {
    const page = pageRequest(args);
    const endpoints = await services.configuration.userEndpointPage(user.id, storeFilter(args.filter ?? {}), page);
    return connectionOf(endpoints, page, ({ createdAt, id }) => ({ time: createdAt, id }));
  }

  @FieldResolver((_type) => ApplicationType)
  application(@Root() endpoint: Endpoint, @Ctx() { loaders }: RequestContext): Promise<Application | null> {
    return loaders.application.load(endpoint.applicationId);
  }

  @FieldResolver((_type) => DeliveryAttemptConnection, { nullable: true })
  deliveryAttempts(
    @Root() endpoint: Endpoint,
    @Args((_type) => DeliveryAttemptsArgs) args: DeliveryAttemptsArgs,
    @Ctx() context: RequestContext,
  ): Promise<Connection<AttemptNode>> {
    return attemptPage(context, args, { endpointId: endpoint.id });
  }
}
