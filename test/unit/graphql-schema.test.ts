import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { createSchema, printSorted } from '../../src/graphql/schema.js';

/** `UPDATE_GOLDEN=1 npm run jest -- graphql-schema` writes it anew. */
const GOLDEN = new URL('../../schema.graphql', import.meta.url);

test('schema.graphql is the schema that the gateway serves', () => {
  const emitted = printSorted(createSchema());
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(GOLDEN, emitted);
  expect(readFileSync(GOLDEN, 'utf8')).toBe(emitted);
});
