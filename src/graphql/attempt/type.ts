import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { AttemptStatus } from '../../records/attempt.js';
import { connectionType } from '../connection.js';
import { DateTime, SafeInt } from '../scalars.js';
import type { AttemptNode } from './node.js';

export const DeliveryStatus = {
  PENDING: 'pending',
  SUCCESS: 'success',
  FAILED: 'failed',
  EXPIRED: 'expired',
} as const satisfies Record<string, AttemptStatus>;
registerEnumType(DeliveryStatus, { name: 'DeliveryStatus' });

@ObjectType('DeliveryAttempt', { simpleResolvers: true })
export class DeliveryAttemptType implements AttemptNode {
  readonly eventId!: string;
  readonly endpointId!: string;

  @Field((_type) => ID)
  readonly id!: string;

  @Field((_type) => Int)
  readonly attemptNumber!: number;

  @Field((_type) => DeliveryStatus)
  readonly status!: AttemptStatus;

  @Field((_type) => Int, { nullable: true })
  readonly httpStatusCode!: number | null;

  @Field((_type) => SafeInt, { nullable: true })
  readonly responseTimeMs!: number | null;

  @Field((_type) => String, { nullable: true })
  readonly errorMessage!: string | null;

  @Field((_type) => DateTime)
  readonly createdAt!: number;

  @Field((_type) => DateTime)
  readonly updatedAt!: number;
}

export const DeliveryAttemptConnection = connectionType('DeliveryAttempt', () => DeliveryAttemptType);
