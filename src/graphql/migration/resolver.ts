import { Ctx, Query, Resolver } from 'type-graphql';
import type { MigrationStatus } from '../../migration/status.js';
import type { RequestContext } from '../context.js';
import { forbidden } from '../errors.js';
import { MigrationStatusType } from './type.js';

@Resolver()
export class MigrationResolver {
  @Query((_type) => MigrationStatusType, { nullable: true, description: 'For admins only.' })
  async migration(@Ctx() { user, services }: RequestContext): Promise<MigrationStatus> {
    if (!user.isAdmin) throw forbidden('Only admins may see how far the move is.');
    return services.migrationStatus();
  }
}
