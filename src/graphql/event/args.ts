import { ArgsType, Field, InputType } from 'type-graphql';
import { PageArgs } from '../connection.js';
import { TimeRangeInput } from '../delivery/time-range.js';
import { SafeInt } from '../scalars.js';

@InputType({
  description: 'without a range (of ingestedAt), lists reach back to the retention; several filters narrow together',
})
export class EventFilter {
  @Field((_type) => SafeInt, { nullable: true })
  readonly chainId?: number | null;

  @Field((_type) => String, { nullable: true })
  readonly address?: string | null;

  @Field((_type) => String, { nullable: true })
  readonly topic0?: string | null;

  @Field((_type) => String, { nullable: true })
  readonly transactionHash?: string | null;

  @Field((_type) => TimeRangeInput, { nullable: true })
  readonly range?: TimeRangeInput | null;
}

@ArgsType()
export class EventsArgs extends PageArgs {
  @Field((_type) => EventFilter, { nullable: true })
  readonly filter?: EventFilter | null;
}
