import { Field, ObjectType } from 'type-graphql';
import type { Application } from '../../records/configuration.js';
import { connectionType } from '../connection.js';
import { DeliverySource } from '../delivery/source.js';
import { DateTime } from '../scalars.js';

@ObjectType('Application', { implements: DeliverySource, simpleResolvers: true })
export class ApplicationType extends DeliverySource implements Application {
  readonly userId!: string;

  @Field((_type) => String)
  readonly name!: string;

  @Field((_type) => String, { nullable: true })
  readonly description!: string | null;

  @Field((_type) => Boolean)
  readonly isActive!: boolean;

  @Field((_type) => DateTime)
  readonly createdAt!: number;
}

export const ApplicationConnection = connectionType('Application', () => ApplicationType);
