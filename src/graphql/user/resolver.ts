import { Args, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import type { Application, User } from '../../records/configuration.js';
import { ApplicationConnection } from '../application/type.js';
import { PageArgs } from '../connection.js';
import type { RequestContext } from '../context.js';
import { type Connection, connectionOf, pageRequest } from '../page.js';
import { UserType } from './type.js';

@Resolver((_of) => UserType)
export class UserResolver {
  @Query((_type) => UserType)
  me(@Ctx() { user }: RequestContext): User {
    return user;
  }

  @FieldResolver((_type) => ApplicationConnection)
  async applications(
    @Root() user: User,
    @Args((_type) => PageArgs) args: PageArgs,
    @Ctx() { services }: RequestContext,
  ): Promise<Connection<Application>> {
    const page = pageRequest(args);
    const [applications = []] = await services.configuration.applicationPages([user.id], page);
    return connectionOf(applications, page, ({ createdAt, id }) => ({ time: createdAt, id }));
  }
}
