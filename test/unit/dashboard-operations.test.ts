import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { generateOperations } from '../support/dashboard-operations.js';

/** `UPDATE_GOLDEN=1 npm run jest -- dashboard-operations` writes it anew. */
const GOLDEN = new URL('../../dashboard/api/operations.ts', import.meta.url);

test('the operations of the dashboard fit the schema, and their types are those of its answers', async () => {
  const generated = await generateOperations();
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(GOLDEN, generated);
  expect(readFileSync(GOLDEN, 'utf8')).toBe(generated);
});
