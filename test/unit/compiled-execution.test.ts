import { ApolloServer } from '@apollo/server';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLInt,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from 'graphql';
import { compiledExecution } from '../../src/graphql/compiled-execution.js';
import type { RequestContext } from '../../src/graphql/context.js';
import { badUserInput, maskError } from '../../src/graphql/errors.js';
import { DateTime, SafeInt } from '../../src/graphql/scalars.js';
import { UpstreamError } from '../../src/platform/errors.js';

const mask = (error: unknown) => maskError(error, 'the id', () => undefined);

const named = new GraphQLInterfaceType({
  name: 'Named',
  fields: { name: { type: GraphQLString } },
  resolveType: (thing: { legs?: number }) => (thing.legs === undefined ? 'Stone' : 'Animal'),
});
const animal = new GraphQLObjectType({
  name: 'Animal',
  interfaces: [named],
  fields: { name: { type: GraphQLString }, legs: { type: new GraphQLNonNull(GraphQLInt) } },
});
const stone = new GraphQLObjectType({
  name: 'Stone',
  interfaces: [named],
  fields: { name: { type: GraphQLString }, weight: { type: SafeInt } },
});
const colour = new GraphQLEnumType({ name: 'Colour', values: { RED: { value: 'r' }, BLUE: { value: 'b' } } });

const fails = (): never => {
  throw badUserInput('not like this');
};
const node: GraphQLObjectType = new GraphQLObjectType({
  name: 'Node',
  fields: () => ({
    value: { type: GraphQLInt, resolve: () => 7 },
    time: { type: DateTime, resolve: async () => 1_767_225_600_123 },
    notATime: { type: DateTime, resolve: () => 'yesterday' },
    notSafe: { type: SafeInt, resolve: () => -1 },
    missing: { type: GraphQLString, resolve: () => undefined },
    fails: { type: GraphQLInt, resolve: fails },
    failsLater: {
      type: GraphQLInt,
      resolve: async () => {
        throw new UpstreamError('clickhouse', 'secret', { cause: undefined, kind: 'unavailable' });
      },
    },
    must: { type: new GraphQLNonNull(GraphQLInt), resolve: fails },
    mustLater: { type: new GraphQLNonNull(GraphQLInt), resolve: async () => null },
    child: { type: node, resolve: () => ({}) },
    surely: { type: new GraphQLNonNull(node), resolve: async () => ({}) },
    children: { type: new GraphQLList(node), resolve: async () => [{}, null, {}] },
    firmChildren: { type: new GraphQLList(new GraphQLNonNull(node)), resolve: () => [{}, {}] },
    things: {
      type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(named))),
      resolve: async () => [{ name: 'cat', legs: 4 }, { name: 'flint', weight: 3 }, { legs: null }],
    },
    echo: {
      type: GraphQLString,
      args: {
        text: { type: GraphQLString, defaultValue: 'nothing' },
        time: { type: DateTime },
        colour: { type: colour },
        list: { type: new GraphQLList(GraphQLInt) },
        flag: { type: GraphQLBoolean },
      },
      resolve: (_node, args) => JSON.stringify(args),
    },
    path: { type: GraphQLString, resolve: (_node, _args, _context, { path, fieldName }) => `${fieldName} ${path.key}` },
  }),
});
const schema = new GraphQLSchema({ query: node, types: [animal, stone] });

const VARIABLES = {
  yes: true,
  no: false,
  text: 'hello',
  time: '2026-01-01T01:00:00.5+01:00',
  colour: 'BLUE',
  list: [1],
};
const DOCUMENTS = [
  '{ value missing time __typename child { __typename surely { value } } }',
  '{ one: value two: value child { a: value } child { b: time } }',
  '{ fails value }',
  '{ failsLater value child { failsLater fails } }',
  '{ child { must value } value }',
  '{ surely { value mustLater } value }',
  '{ children { value must } firmChildren { value } }',
  '{ children { value } firmChildren { child { mustLater } } value }',
  '{ notATime notSafe value }',
  '{ things { name ... on Animal { legs } ... on Stone { weight } } value }',
  '{ child { things { __typename name } } }',
  'query ($yes: Boolean!, $no: Boolean!) { value @skip(if: $yes) time @include(if: $no) child @include(if: $yes) { value @skip(if: $no) } }',
  'query ($yes: Boolean!) { ... @include(if: $yes) { value } ...More @skip(if: $yes) missing } fragment More on Node { time ...Most } fragment Most on Node { child { value } }',
  'query ($text: String, $time: DateTime, $colour: Colour, $list: [Int]) { echo(text: $text, time: $time, colour: $colour, list: $list) }',
  'query ($other: String, $flag: Boolean = true) { echo(text: $other, flag: $flag) }',
  '{ echo(text: null, time: "2026-01-01T00:00:00Z", colour: RED, list: [1, null], flag: false) again: echo }',
  'query ($no: Boolean!) { ...More @include(if: $no) ...More } fragment More on Node { value }',
  'query ($flag: Boolean! = true) { echo(flag: $flag) }',
  'query Named { named: path child { path } children { path } }',
];

describe('a compiled query', () => {
  const walking = new ApolloServer<RequestContext>({ schema, formatError: (_formatted, error) => mask(error) });
  const compiling = new ApolloServer<RequestContext>({
    schema,
    formatError: (_formatted, error) => mask(error),
    plugins: [compiledExecution(schema, (errors) => errors.map(mask))],
  });
  beforeAll(() => Promise.all([walking.start(), compiling.start()]));
  afterAll(() => Promise.all([walking.stop(), compiling.stop()]));

  /** The answer as it goes over the wire, with errors in an order of their own. */
  async function answerOf(server: ApolloServer<RequestContext>, query: string): Promise<unknown> {
    const { body, http } = await server.executeOperation({ query, variables: VARIABLES });
    if (body.kind !== 'single') throw new Error('expected one result');
    const { data, errors = [] } = JSON.parse(JSON.stringify(body.singleResult));
    const sorted = errors.map((error: unknown) => JSON.stringify(error)).sort();
    return { data, errors: sorted, status: http.status };
  }

  test.each(DOCUMENTS)('answers and fails as a walked one does: %s', async (document) => {
    const expected = await answerOf(walking, document);
    for (let time = 1; time <= 3; time++) {
      expect({ time, answer: await answerOf(compiling, document) }).toEqual({ time, answer: expected });
    }
  });
});
