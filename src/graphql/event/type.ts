import { Field, ID, ObjectType } from 'type-graphql';
import { connectionType } from '../connection.js';
import { DateTime, SafeInt } from '../scalars.js';
import type { EventNode } from './node.js';

@ObjectType('Event', { simpleResolvers: true })
export class EventType implements EventNode {
  @Field((_type) => ID)
  readonly id!: string;

  @Field((_type) => SafeInt)
  readonly chainId!: number;

  @Field((_type) => SafeInt)
  readonly blockNumber!: number;

  @Field((_type) => String)
  readonly blockHash!: string;

  @Field((_type) => String)
  readonly transactionHash!: string;

  @Field((_type) => SafeInt)
  readonly transactionIndex!: number;

  @Field((_type) => SafeInt)
  readonly logIndex!: number;

  @Field((_type) => String)
  readonly address!: string;

  @Field((_type) => [String])
  readonly topics!: readonly string[];

  @Field((_type) => String)
  readonly data!: string;

  @Field((_type) => DateTime)
  readonly ingestedAt!: number;
}

export const EventConnection = connectionType('Event', () => EventType);
