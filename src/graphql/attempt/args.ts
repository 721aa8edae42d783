import { ArgsType, Field, ID, InputType, Int } from 'type-graphql';
import type { AttemptStatus } from '../../records/attempt.js';
import { PageArgs } from '../connection.js';
import { TimeRangeInput } from '../delivery/time-range.js';
import { DeliveryStatus } from './type.js';

@InputType({ description: 'without a range, lists reach back to the retention; several filters narrow together' })
export class DeliveryAttemptFilter {
  @Field((_type) => ID, { nullable: true })
  readonly applicationId?: string | null;

  @Field((_type) => ID, { nullable: true })
  readonly endpointId?: string | null;

  @Field((_type) => ID, { nullable: true })
  readonly eventId?: string | null;

  @Field((_type) => [DeliveryStatus], { nullable: true })
  readonly status?: AttemptStatus[] | null;

  @Field((_type) => [Int], { nullable: true })
  readonly httpStatusCode?: number[] | null;

  @Field((_type) => TimeRangeInput, { nullable: true })
  readonly range?: TimeRangeInput | null;
}

@ArgsType()
export class DeliveryAttemptsArgs extends PageArgs {
  @Field((_type) => DeliveryAttemptFilter, { nullable: true })
  readonly filter?: DeliveryAttemptFilter | null;
}
