import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { Application, Endpoint } from '../../records/configuration.js';
import { ApplicationType } from '../application/type.js';
import type { RequestContext } from '../context.js';
import { EndpointType } from '../endpoint/type.js';
import { BreakdownRowType, labelOf } from './breakdown.js';

@Resolver((_of) => BreakdownRowType)
export class BreakdownRowResolver {
  @FieldResolver((_type) => String)
  async label(@Root() row: BreakdownRowType, @Ctx() context: RequestContext): Promise<string> {
    return labelOf(row, (await this.endpoint(row, context)) ?? (await this.application(row, context)));
  }

  @FieldResolver((_type) => EndpointType, {
    nullable: true,
    description: 'of a row by ENDPOINT; null once it has been deleted',
  })
  async endpoint(@Root() { by, key }: BreakdownRowType, @Ctx() { loaders }: RequestContext): Promise<Endpoint | null> {
    return by === 'endpoint' ? loaders.endpoint.load(key) : null;
  }

  @FieldResolver((_type) => ApplicationType, { nullable: true, description: 'of a row by APPLICATION' })
  async application(
    @Root() { by, key }: BreakdownRowType,
    @Ctx() { loaders }: RequestContext,
  ): Promise<Application | null> {
    return by === 'application' ? loaders.application.load(key) : null;
  }
}
