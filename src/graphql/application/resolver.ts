import { Arg, Args, Ctx, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import type { Application, Endpoint } from '../../records/configuration.js';
import { PageArgs } from '../connection.js';
import type { RequestContext } from '../context.js';
import { EndpointConnection } from '../endpoint/type.js';
import { type Connection, connectionOf, pageRequest } from '../page.js';
import { ApplicationType } from './type.js';

@Resolver((_of) => ApplicationType)
export class ApplicationResolver {
  @Query((_type) => ApplicationType, { nullable: true })
  application(@Arg('id', (_type) => ID) id: string, @Ctx() { loaders }: RequestContext): Promise<Application | null> {
    return loaders.application.load(id);
  }

  @FieldResolver((_type) => EndpointConnection)
  async endpoints(
    @Root() application: Application,
    @Args((_type) => PageArgs) args: PageArgs,
    @Ctx() { loaders }: RequestContext,
  ): Promise<Connection<Endpoint>> {
    const page = pageRequest(args);
    const endpoints = await loaders.endpointPage(application.id, page);
    return connectionOf(endpoints, page, ({ createdAt, id }) => ({ time: createdAt, id }));
  }
}
