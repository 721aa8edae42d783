import { ArgsType, type ClassType, Field, Int, ObjectType } from 'type-graphql';
import type { Connection, PageInfo } from './page.js';

@ObjectType('PageInfo', { simpleResolvers: true })
class PageInfoType implements PageInfo {
  @Field((_type) => Boolean)
  readonly hasNextPage!: boolean;

  @Field((_type) => Boolean)
  readonly hasPreviousPage!: boolean;

  @Field((_type) => String, { nullable: true })
  readonly startCursor!: string | null;

  @Field((_type) => String, { nullable: true })
  readonly endCursor!: string | null;
}

@ArgsType()
export class PageArgs {
  @Field((_type) => Int, { defaultValue: 50 })
  readonly first!: number;

  @Field((_type) => String, { nullable: true })
  readonly after?: string | null;
}

/** The GraphQL types of a list of `name`s. */
export function connectionType<Node extends object>(
  name: string,
  node: () => ClassType<Node>,
): ClassType<Connection<Node>> {
  @ObjectType(`${name}Edge`, { simpleResolvers: true })
  class Edge {
    @Field((_type) => String)
    readonly cursor!: string;

    @Field((_type) => node())
    readonly node!: Node;
  }

  @ObjectType(`${name}Connection`, { simpleResolvers: true })
  class ConnectionType implements Connection<Node> {
    @Field((_type) => [Edge])
    readonly edges!: readonly Edge[];

    @Field((_type) => [node()])
    readonly nodes!: readonly Node[];

    @Field((_type) => PageInfoType)
    readonly pageInfo!: PageInfo;
  }
  return ConnectionType;
}
