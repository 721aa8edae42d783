interface HostileDocument {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly code: 'QUERY_TOO_COMPLEX' | 'BAD_USER_INPUT';
}

const uuidOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const times = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');
const nested = (depth: number, open: string, core: string, close = '}'): string =>
  `${open.repeat(depth)}${core}${close.repeat(depth)}`;
const tooComplex = (query: string, variables = {}): HostileDocument => ({
  query,
  variables,
  code: 'QUERY_TOO_COMPLEX',
});
const invalid = (query: string, variables = {}): HostileDocument => ({ query, variables, code: 'BAD_USER_INPUT' });

const TEN_YEARS = '{from: "2016-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z"}';
const PAGED = 'query ($first: Int!) { endpoints(first: $first) { nodes { id } } }';

/** What no client may ask, by what is wrong with it. None of it is larger than a body may be. */
export const HOSTILE_DOCUMENTS: Readonly<Record<string, HostileDocument>> = {
  'deep by the schema': tooComplex(
    `{ me { ${nested(40, 'applications { nodes { endpoints { nodes { application {', 'id', '}}}}}')} } }`,
  ),
  'deep, and no GraphQL of this schema': tooComplex(`{ ${nested(8_000, 'a{', 'a')} }`),
  'deep in inline fragments': tooComplex(`{ ${nested(2_000, '... {', 'me { id }')} }`),
  'deep in lists of an argument': tooComplex(
    `{ endpoints(filter: {ids: ${nested(4_000, '[', '', ']')}}) { nodes { id } } }`,
  ),
  wide: tooComplex(`{ me { ${times(20_000, () => 'id')} } }`),
  'long, and nothing but a comment': tooComplex(`{ me { id } } # ${'x'.repeat(100_000)}`),
  'an alias a thousand times': tooComplex(
    `{ ${times(1_000, (index) => `a${index}: endpoint(id: "${uuidOf(index)}") { id }`)} }`,
  ),
  'a thousand aliases below one field': tooComplex(`{ me { ${times(1_000, (index) => `a${index}: successRate`)} } }`),
  'aliases in many places': tooComplex(
    `{ ${times(60, (index) => `a${index}: me { b: id c: id d: id e: id f: email }`)} }`,
  ),
  'a fragment that spreads itself': invalid('{ me { ...A } } fragment A on User { id ...A }'),
  'fragments in a circle': invalid(
    `{ me { ...A0 } } ${times(50, (index) => `fragment A${index} on User { id ...A${(index + 1) % 50} }`)}`,
  ),
  'fragments in a circle, through fields': invalid(
    '{ me { ...A } } fragment A on User { applications { nodes { ...B } } } fragment B on Application { endpoints { nodes { application { ...B } } } }',
  ),
  'fragments that double with each other': tooComplex(
    `query { me { ...F0 } } ${times(12, (index) => `fragment F${index} on User { a: applications { nodes { id } } ... on User { ${times(8, (copy) => `x${copy}: applications { nodes { endpoints { nodes { ...G${index} } } } }`)} ...F${index + 1} } } fragment G${index} on Endpoint { id name }`)} fragment F12 on User { id }`.replace(
      /\s+/g,
      ' ',
    ),
  ),
  'directives without number': tooComplex(`{ me { id ${times(1_000, () => '@include(if: true)')} } }`),
  'ten years of hours': tooComplex(`{ me { hourlyStats(range: ${TEN_YEARS}) { attempts } } }`),
  'ten years of hours of a dashboard': tooComplex(
    `{ dashboardStats(range: ${TEN_YEARS}) { ...H } } fragment H on DashboardStats { hourlyStats { hour } }`,
  ),
  'ten years of hours in a variable': tooComplex(
    'query ($range: TimeRange) { me { applications { nodes { endpoints { nodes { hourlyStats(range: $range) { hour } } } } } } }',
    { range: { from: '2016-01-01T00:00:00Z' } },
  ),
  'two years of days': tooComplex(
    '{ me { dailyStats(range: {from: "2024-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z"}) { date } } }',
  ),
  'hours of every endpoint of many applications': tooComplex(
    '{ me { applications(first: 500) { nodes { endpoints(first: 500) { nodes { hourlyStats { hour } } } } } } }',
  ),
  'the attempts of every event of a page': tooComplex(
    '{ events(first: 500) { nodes { deliveryAttempts(first: 500) { nodes { id } } } } }',
  ),
  'a page of two milliards': invalid(PAGED, { first: 2_147_483_647 }),
  'a page that is larger than an integer': invalid(PAGED, { first: 1e300 }),
  'a page of less than nothing': invalid(PAGED, { first: -1 }),
  'thousands of ids in a variable': tooComplex(
    'query ($filter: EndpointFilter) { endpoints(filter: $filter) { nodes { id } } }',
    { filter: { ids: Array.from({ length: 5_000 }, (_, index) => uuidOf(index)) } },
  ),
  'thousands of ids in the document': tooComplex(
    `{ endpoints(filter: {ids: [${times(1_000, (index) => `"${uuidOf(index)}"`)}]}) { nodes { id } } }`,
  ),
  'a variable that is no object': invalid(
    'query ($filter: EndpointFilter) { endpoints(filter: $filter) { nodes { id } } }',
    {
      filter: Array(10_000).fill('x'),
    },
  ),
  'fields of types of fields of the schema': tooComplex(
    `{ __schema { types { ${nested(6, 'fields { type {', 'name', '}}')} } } }`,
  ),
  'types that lead back through possibleTypes': tooComplex(
    '{ __type(name: "DeliverySource") { possibleTypes { interfaces { possibleTypes { interfaces { name } } } } } }',
  ),
  'ofType without end': tooComplex(`{ __schema { types { ${nested(300, 'ofType {', 'name')} } } }`),
  'the schema many times': tooComplex(`{ ${times(100, (index) => `s${index}: __schema { types { name } }`)} }`),
  'the fields of the schema many times': tooComplex(
    `{ __schema { types { ${times(90, (index) => `f${index}: fields { name }`)} } } }`,
  ),
  'thousands of fields that do not exist': invalid(`{ me { ${times(2_000, (index) => `emale${index}`)} } }`),
  'variables that are never used': invalid(`query (${times(900, (index) => `$v${index}: Int`)}) { me { id } }`),
};
