import { ArgsType, Field, ID, InputType } from 'type-graphql';
import type { EndpointFilter as StoreFilter } from '../../stores/postgres/configuration-store.js';
import { PageArgs } from '../connection.js';

@InputType({ description: 'several filters narrow together' })
export class EndpointFilter {
  @Field((_type) => ID, { nullable: true })
  readonly applicationId?: string | null;

  @Field((_type) => Boolean, { nullable: true })
  readonly isActive?: boolean | null;

  @Field((_type) => [ID], { nullable: true })
  readonly ids?: string[] | null;
}

@ArgsType()
export class EndpointsArgs extends PageArgs {
  @Field((_type) => EndpointFilter, { nullable: true })
  readonly filter?: EndpointFilter | null;
}

/** A null filter is one that was left out. */
export const storeFilter = ({ applicationId, isActive, ids }: Partial<EndpointFilter>): StoreFilter => ({
  ...(typeof applicationId === 'string' ? { applicationId } : {}),
  ...(typeof isActive === 'boolean' ? { isActive } : {}),
  ...(ids === undefined || ids === null ? {} : { ids }),
});
