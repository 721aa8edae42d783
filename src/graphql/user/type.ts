import { Field, ObjectType } from 'type-graphql';
import type { User } from '../../records/configuration.js';
import { DeliverySource } from '../delivery/source.js';
import { DateTime } from '../scalars.js';

@ObjectType('User', { implements: DeliverySource, simpleResolvers: true })
export class UserType extends DeliverySource implements User {
  @Field((_type) => String)
  readonly email!: string;

  @Field((_type) => String, { nullable: true })
  readonly name!: string | null;

  @Field((_type) => Boolean)
  readonly isAdmin!: boolean;

  @Field((_type) => DateTime)
  readonly createdAt!: number;
}
