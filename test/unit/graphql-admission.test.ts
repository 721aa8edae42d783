import { beforeAll, describe, expect, test } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { HOSTILE_DOCUMENTS } from '../../bench/hostile-documents.js';
import { Admission, type OperationRequest } from '../../src/graphql/admission/admission.js';
import { hashOf } from '../../src/graphql/admission/documents.js';
import { Refused } from '../../src/graphql/errors.js';
import type { Limits } from '../../src/graphql/limits.js';
import { createSchema } from '../../src/graphql/schema.js';
import { UserError } from '../../src/platform/errors.js';

const NOW = Date.parse('2026-03-01T12:30:00Z');
const LIMITS: Limits = {
  maxPageSize: 500,
  maxHourlyRangeHours: 2_400,
  maxDailyRangeDays: 400,
  maxListItems: 500,
  maxCost: 250_000,
  maxBodyBytes: 262_144,
  maxDocumentBytes: 65_536,
  maxDocumentTokens: 5_000,
  maxDocumentDepth: 16,
  maxDocumentFields: 5_000,
  maxRootFields: 100,
  maxAliases: 250,
  maxAliasesPerField: 100,
  maxDirectives: 50,
  introspection: true,
  operationTimeoutMs: 30_000,
};

const schema = createSchema();
const admissionWith = (limits: Partial<Limits>, allowed?: ReadonlyMap<string, string>) =>
  new Admission(schema, { ...LIMITS, ...limits }, allowed);
const admission = admissionWith({});

const costOf = (query: string, variables = {}): number => admission.admit({ query, variables }, NOW).cost;

function refusalOf(request: OperationRequest, by: Admission = admission): { code: unknown; message: string }[] {
  try {
    by.admit(request, NOW);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return error.errors.map(({ message, extensions }) => ({ code: extensions['code'], message }));
  }
  return [];
}

describe('what an operation may cost', () => {
  test.each([
    ['{ me { id email } }', 1],
    ['{ me { successRate } }', 11],
    ['{ dashboardStats { attempts hourlyStats { hour } } }', 10 + 1 + 10 + 25],
    ['{ me { hourlyStats(range: {from: "2026-01-01T00:30:00Z", to: "2026-01-01T02:30:00Z"}) { hour } } }', 1 + 10 + 3],
    ['{ me { dailyStats(range: {from: "2026-01-01T00:00:00Z", to: "2026-01-31T00:00:00Z"}) { date } } }', 1 + 10 + 30],
    ['{ me { breakdown(by: STATUS) { key } } }', 1 + 10 + 10],
    ['{ endpoints(first: 7) { nodes { id } } }', 7 * 2],
    ['{ endpoints { nodes { id application { id } } pageInfo { endCursor } } }', 50 * (1 + 2 + 1)],
    ['{ endpoints(first: 2) { edges { node { stats { attempts } } } } }', 2 * (1 + 1 + 1 + 11)],
    ['{ deliveryAttempts(first: 10) { nodes { id event { id } } } }', 500 + 10 * (1 + 1 + 11)],
    ['{ __typename }', 0],
  ])('%s costs %i', (query, cost) => {
    expect(costOf(query)).toBe(cost);
  });

  test('depends on variables, their defaults, and what is left out', () => {
    const query = `query ($first: Int! = 5, $skip: Boolean = false, $to: DateTime) {
      endpoints(first: $first) { nodes { ...E @skip(if: $skip) } } }
      fragment E on Endpoint { hourlyStats(range: {from: "2026-01-01T00:00:00Z", to: $to}) { hour } }`;
    const to = '2026-01-01T10:00:00Z';
    expect(costOf(query, { to })).toBe(5 * (1 + 1 + 10 + 10));
    expect(costOf(query, { to, first: 2 })).toBe(2 * (1 + 1 + 10 + 10));
    expect(costOf(query, { skip: true })).toBe(5 * 2);
    expect(refusalOf({ query, variables: { to: '2027-01-01T00:00:00Z' } })).toEqual([
      { code: 'QUERY_TOO_COMPLEX', message: expect.stringContaining('8760 hours, at most 2400') },
    ]);
  });

  test('has a limit', () => {
    const request = { query: '{ endpoints(first: 10) { nodes { id } } }' };
    expect(refusalOf(request, admissionWith({ maxCost: 20 }))).toEqual([]);
    expect(refusalOf(request, admissionWith({ maxCost: 19 }))).toEqual([
      { code: 'QUERY_TOO_COMPLEX', message: expect.stringContaining('may cost 20, at most 19') },
    ]);
  });
});

describe('what is refused', () => {
  test.each(Object.entries(HOSTILE_DOCUMENTS))('%s', (_name, { query, variables, code }) => {
    const refusal = refusalOf({ query, variables });
    expect(new Set(refusal.map((error) => error.code ?? 'BAD_USER_INPUT'))).toEqual(new Set([code]));
    expect(refusal.length).toBeLessThanOrEqual(11);
  });

  test.each<[Partial<Limits>, string, string]>([
    [{ maxDocumentBytes: 11 }, '{ me { i } }', '{ me {id} }'],
    [{ maxDocumentTokens: 6 }, '{ me { id email } }', '{ me{id}}'],
    [{ maxDocumentDepth: 2 }, '{ me { stats { attempts } } }', '{ me { id } }'],
    [
      { maxDocumentFields: 3 },
      '{ me { ...A } } fragment A on User { id email name }',
      '{ me { ...A ...A id } } fragment A on User { id }',
    ],
    [{ maxRootFields: 2 }, '{ a: me { id } b: me { id } c: me { id } }', '{ a: me { id } b: me { id } }'],
    [{ maxAliases: 2 }, '{ me { a: id b: id c: id } }', '{ me { a: id b: id id } }'],
    [{ maxAliasesPerField: 2 }, '{ me { a: id b: id c: id } }', '{ me { a: id b: id a2: email } }'],
    [
      { maxDirectives: 1 },
      '{ me { id @include(if: true) email @skip(if: false) } }',
      '{ me { id @include(if: true) } }',
    ],
  ])('beyond %j %s is too complex, %s is not', (limits, beyond, within) => {
    expect(refusalOf({ query: beyond }, admissionWith(limits)).map(({ code }) => code)).toEqual(['QUERY_TOO_COMPLEX']);
    expect(refusalOf({ query: within }, admissionWith(limits))).toEqual([]);
  });

  test.each<OperationRequest>([
    {},
    { query: '' },
    { query: 7 },
    { query: '{ me { id } }', variables: 'x' },
    { query: '{ me { id } }', operationName: 7 },
    { query: '{ me { id } }', operationName: 'Missing' },
    { query: 'query A { me { id } } query B { me { id } }' },
    { query: 'fragment A on User { id }' },
    { query: '{ me { id } }', extensions: { persistedQuery: { version: 2, sha256Hash: hashOf('{ me { id } }') } } },
    { query: '{ me { id } }', extensions: { persistedQuery: { version: 1, sha256Hash: hashOf('another') } } },
  ])('%j is bad input', (request) => {
    const codes = refusalOf(request).map(({ code }) => code ?? 'BAD_USER_INPUT');
    expect(new Set(codes)).toEqual(new Set(['BAD_USER_INPUT']));
  });
});

describe('the schema itself', () => {
  test('may be asked for as tools do, with the standard query of any options', () => {
    for (const descriptions of [true, false]) {
      const query = getIntrospectionQuery({ descriptions, inputValueDeprecation: true, directiveIsRepeatable: true });
      expect(admission.admit({ query }, NOW)).toMatchObject({ isIntrospection: true, cost: 0 });
    }
    expect(admission.admit({ query: '{ me { __typename id } }' }, NOW).isIntrospection).toBe(false);
  });

  test('is all that anybody may ask', () => {
    const fresh = admissionWith({});
    fresh.admit({ query: '{ me { id } }' }, NOW);
    for (const other of [
      '{ me { id } }',
      '{ nonsense }',
      '{ __typename me { id } }',
      '{ ...F } fragment F on Query { me }',
    ]) {
      expect(fresh.admitIntrospection({ query: other }, NOW)).toBeUndefined();
    }
    expect(() => fresh.admitIntrospection({ query: '{ __schema { nonsense } }' }, NOW)).toThrow(Refused);
    expect(() => fresh.admitIntrospection({ query: '{ __schema {' }, NOW)).toThrow(Refused);
  });

  test('is validated once, whoever asks the same again', () => {
    const [query, other] = [getIntrospectionQuery(), '{ __schema { queryType { name } } }'];
    const fresh = admissionWith({});
    const asked = fresh.admitIntrospection({ query }, NOW);
    expect(asked).toMatchObject({ isIntrospection: true, query });
    expect(fresh.admitIntrospection({ query }, NOW)?.document).toBe(asked?.document);
    expect(fresh.documentOf(hashOf(query))).toBe(asked?.document);
    const byUser = fresh.admit({ query: other }, NOW);
    expect(fresh.admitIntrospection({ query: other }, NOW)?.document).toBe(byUser.document);
  });

  test('asked for in many ways without a token crowds out nothing that users ask', () => {
    const fresh = admissionWith({});
    const kept = fresh.admit({ query: '{ me { id } }' }, NOW);
    const [first, ...others] = Array.from(
      { length: 60 },
      (_, index) => `{ __typename } # ${index} ${'x'.repeat(60_000)}`,
    );
    for (const query of [first, ...others]) fresh.admitIntrospection({ query }, NOW);
    expect(fresh.documentOf(hashOf('{ me { id } }'))).toBe(kept.document);
    expect(fresh.documentOf(hashOf(first ?? ''))).toBeUndefined();
  });

  test('cannot be asked for nor guessed where introspection is off', () => {
    const silent = admissionWith({ introspection: false });
    for (const query of [
      '{ __schema { types { name } } }',
      '{ me { id } ...A } fragment A on Query { __type(name: "User") { name } }',
    ]) {
      expect(refusalOf({ query }, silent).map(({ code }) => code)).toEqual(['FORBIDDEN']);
    }
    expect(refusalOf({ query: '{ me { __typename } }' }, silent)).toEqual([]);
    const misspelt = { query: '{ me { emale } }' };
    expect(refusalOf(misspelt)[0]?.message).toContain('Did you mean "email"');
    expect(refusalOf(misspelt, silent)[0]?.message).toBe('Cannot query field "emale" on type "User".');
  });
});

describe('persisted queries', () => {
  const query = 'query Mine { me { id } }';
  const extensions = { persistedQuery: { version: 1, sha256Hash: hashOf(query) } };
  let fresh: Admission;

  beforeAll(() => {
    fresh = admissionWith({});
  });

  test('are known by their hash once their text has been sent', () => {
    expect(refusalOf({ extensions }, fresh)).toEqual([
      { code: 'PERSISTED_QUERY_NOT_FOUND', message: 'PersistedQueryNotFound' },
    ]);
    expect(fresh.admit({ query, extensions }, NOW).query).toBe(query);
    expect(fresh.admit({ extensions }, NOW).query).toBe(query);
    // graphql-ws demands a text.
    expect(fresh.admit({ query: '', extensions }, NOW).query).toBe(query);
  });

  test('are forgotten, the least used first, where too many are sent', () => {
    for (let index = 0; index < 60; index += 1) {
      fresh.admit({ query: `{ me { id } } # ${index} ${'x'.repeat(60_000)}` }, NOW);
    }
    expect(refusalOf({ extensions }, fresh).map(({ code }) => code)).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
  });

  test('are the only ones that run where there is an allow-list', () => {
    const strict = admissionWith({}, new Map([[hashOf(query), query]]));
    for (const request of [{ query }, { extensions }, { query, extensions }]) {
      expect(strict.admit(request, NOW).query).toBe(query);
    }
    const other = '{ me { email } }';
    for (const request of [
      { query: other },
      { query: `${query} ` },
      { query: getIntrospectionQuery() },
      { extensions: { persistedQuery: { version: 1, sha256Hash: hashOf(other) } } },
    ]) {
      expect(refusalOf(request, strict).map(({ code }) => code)).toEqual(['FORBIDDEN']);
    }
  });

  test('that could not run are told at start', () => {
    expect(() => admissionWith({}, new Map([['hash', '{ me { emale } }']]))).toThrow(UserError);
  });
});
