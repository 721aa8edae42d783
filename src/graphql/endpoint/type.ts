import { Field, ObjectType } from 'type-graphql';
import type { Endpoint } from '../../records/configuration.js';
import { connectionType } from '../connection.js';
import { DeliverySource } from '../delivery/source.js';
import { DateTime, SafeInt } from '../scalars.js';

@ObjectType('Endpoint', { implements: DeliverySource, simpleResolvers: true })
export class EndpointType extends DeliverySource implements Endpoint {
  readonly applicationId!: string;
  readonly userId!: string;

  @Field((_type) => String)
  readonly name!: string;

  @Field((_type) => String)
  readonly url!: string;

  @Field((_type) => Boolean)
  readonly isActive!: boolean;

  @Field((_type) => [SafeInt])
  readonly chainIds!: readonly number[];

  @Field((_type) => [String])
  readonly contractAddresses!: readonly string[];

  @Field((_type) => [String])
  readonly eventTopics!: readonly string[];

  @Field((_type) => DateTime)
  readonly createdAt!: number;
}

export const EndpointConnection = connectionType('Endpoint', () => EndpointType);
