import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { uuidOf } from '../support/analytics-dataset.js';
import { freshStores, startTestGateway } from '../support/gateway.js';
import { until } from '../support/until.js';

const NEWCOMER = uuidOf(77);

let stores: Awaited<ReturnType<typeof freshStores>>;
let gateway: Awaited<ReturnType<typeof startTestGateway>>;
beforeAll(async () => {
  stores = await freshStores();
  gateway = await startTestGateway(stores.environment);
});
afterAll(async () => {
  await gateway?.close();
  await stores?.close();
});

test('a user is known as soon as they exist, changes soon after, and is refused soon after they are removed', async () => {
  const run = (text: string) => stores.postgres.query({ name: 'test_user', text });
  const ask = () => gateway.ask(NEWCOMER, '{ me { name isAdmin } }');
  expect((await ask()).status).toBe(401);
  await run(`INSERT INTO users (id, email, name) VALUES ('${NEWCOMER}', 'new@example.com', 'Before')`);
  expect((await ask()).data).toEqual({ me: { name: 'Before', isAdmin: false } });
  await run(`UPDATE users SET name = 'After' WHERE id = '${NEWCOMER}'`);
  await until('the new name shows', async () => JSON.stringify((await ask()).data).includes('After'));
  await run(`DELETE FROM users WHERE id = '${NEWCOMER}'`);
  await until('the token is refused', async () => (await ask()).status === 401);
});

test('users who ask at the same time are each answered as themselves', async () => {
  const users = Array.from({ length: 40 }, (_, index) => ({ id: uuidOf(800 + index), name: `User ${index}` }));
  const rows = users.map(({ id, name }) => `('${id}', '${name}@example.com', '${name}')`);
  await stores.postgres.query({ name: 'test_user', text: `INSERT INTO users (id, email, name) VALUES ${rows.join()}` });
  const answers = await Promise.all(users.map(({ id }) => gateway.ask(id, '{ me { id name } }')));
  expect(answers.map(({ data }) => data)).toEqual(users.map((me) => ({ me })));
});
