import { describe, expect, test } from '@jest/globals';
import { GraphQLError } from 'graphql';
import {
  badUserInput,
  httpStatusOf,
  maskError,
  maskErrors,
  OperationTimeout,
  queryTooComplex,
  Refused,
} from '../../src/graphql/errors.js';
import { abandoned, UpstreamError } from '../../src/platform/errors.js';

const SECRETS = /password|10\.0\.0\.7|SELECT/;
const upstream = (kind: 'unavailable' | 'timeout' | 'refused') =>
  new UpstreamError('clickhouse', 'SELECT password failed at 10.0.0.7', { cause: undefined, kind });
const located = (originalError: Error) =>
  new GraphQLError(originalError.message, { originalError, path: ['me', 'stats'] });

function mask(error: unknown) {
  const reported: unknown[] = [];
  const masked = maskError(error, 'the-id', (cause) => reported.push(cause));
  return { masked, reported };
}

describe('what a client sees of an error', () => {
  test.each([
    ['an upstream that is away', upstream('unavailable'), { code: 'UPSTREAM_UNAVAILABLE', upstream: 'clickhouse' }],
    ['an upstream that is slow', upstream('timeout'), { code: 'TIMEOUT', upstream: 'clickhouse' }],
    ['an upstream that refuses', upstream('refused'), { code: 'INTERNAL_SERVER_ERROR' }],
    ['a bug', new TypeError('password of 10.0.0.7'), { code: 'INTERNAL_SERVER_ERROR' }],
    ['something that is no error', 'password', { code: 'INTERNAL_SERVER_ERROR' }],
  ])('%s is told without anything internal, and reported in full', (_name, error, extensions) => {
    for (const thrown of error instanceof Error ? [error, located(error), located(located(error))] : [error]) {
      const { masked, reported } = mask(thrown);
      expect(masked.extensions).toEqual({ ...extensions, requestId: 'the-id' });
      expect(JSON.stringify(masked)).not.toMatch(SECRETS);
      expect(reported).toEqual([error]);
    }
  });

  test('what the client did wrong is told in our own words, with its place, and not reported', () => {
    const { masked, reported } = mask(located(badUserInput('first: must be from 1 to 500')));
    expect(masked).toEqual({
      message: 'first: must be from 1 to 500',
      path: ['me', 'stats'],
      extensions: { code: 'BAD_USER_INPUT', requestId: 'the-id' },
    });
    expect(reported).toEqual([]);
  });

  test('an error of graphql-js or Apollo about the document is BAD_USER_INPUT', () => {
    for (const extensions of [{}, { code: 'GRAPHQL_VALIDATION_FAILED' }, { code: 'BAD_REQUEST' }]) {
      const { masked } = mask(new GraphQLError('Cannot query field "x".', { extensions }));
      expect(masked).toEqual({
        message: 'Cannot query field "x".',
        extensions: { code: 'BAD_USER_INPUT', requestId: 'the-id' },
      });
    }
  });

  test('an error that calls itself internal keeps its message to itself', () => {
    const error = new GraphQLError('password', { extensions: { code: 'INTERNAL_SERVER_ERROR' } });
    expect(JSON.stringify(mask(error).masked)).not.toMatch(SECRETS);
  });

  test('an answer that consists of errors has the status of the first', () => {
    const refused = new Refused([badUserInput('one'), queryTooComplex('two')]);
    expect(maskErrors(refused, 'the-id', () => undefined).map(({ extensions }) => extensions)).toEqual([
      { code: 'BAD_USER_INPUT', requestId: 'the-id' },
      { code: 'QUERY_TOO_COMPLEX', requestId: 'the-id' },
    ]);
    expect([refused, upstream('unavailable'), new TypeError('x')].map(httpStatusOf)).toEqual([400, 503, 500]);
  });

  test('an operation that was given up is a TIMEOUT', () => {
    const { masked } = mask(new OperationTimeout('it took longer than 30000 ms'));
    expect(masked.extensions).toEqual({ code: 'TIMEOUT', requestId: 'the-id' });
  });

  test('a query that nobody waits for any more is nothing to look into', () => {
    const left = new AbortController();
    left.abort();
    const { masked, reported } = mask(abandoned('clickhouse', 'a query', left.signal));
    expect(masked.message).not.toMatch(/a query|given up/);
    expect(reported).toEqual([]);
  });

  test('a query that was given up because its operation has run out of time is a TIMEOUT', () => {
    const late = AbortSignal.abort(new OperationTimeout('it took longer than 30000 ms'));
    expect(mask(abandoned('postgres', 'a query', late)).masked.extensions).toMatchObject({ code: 'TIMEOUT' });
  });
});
