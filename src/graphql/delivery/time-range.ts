import { Field, InputType, ObjectType } from 'type-graphql';
import { DateTime } from '../scalars.js';

@InputType('TimeRange', {
  description:
    "Half-open [from, to), exact to the millisecond on the attempt's created_at; cut hours and days count only what is inside. Without to: now, once a request; without from: 24 hours before to. to may lie ahead; what is older than the retention counts nothing.",
})
export class TimeRangeInput {
  @Field((_type) => DateTime, { nullable: true })
  readonly from?: number | null;

  @Field((_type) => DateTime, { nullable: true })
  readonly to?: number | null;
}

@ObjectType({ simpleResolvers: true })
export class ResolvedRange {
  @Field((_type) => DateTime)
  readonly from!: number;

  @Field((_type) => DateTime)
  readonly to!: number;
}
