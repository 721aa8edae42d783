import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { signToken } from '../../src/cli/sign-token.js';
import { createAuthenticator, createTokenVerifier } from '../../src/graphql/authentication.js';
import type { User } from '../../src/records/configuration.js';
import { uuidOf } from '../support/analytics-dataset.js';

const SECRET = 'the secret of the tests';
const user = (id: string, isAdmin: boolean): User => ({ id, email: '', name: null, isAdmin, createdAt: 0 });
const [ADMIN, ALICE, BOB] = [user(uuidOf(1), true), user(uuidOf(2), false), user(uuidOf(3), false)];

/** An authenticator, and what it has logged. */
function authenticator() {
  const logged: Record<string, unknown>[] = [];
  const lines = new Writable({
    write(line, _encoding, done) {
      logged.push(JSON.parse(String(line)));
      done();
    },
  });
  const users = new Map([ADMIN, ALICE, BOB].map((each) => [each.id, each]));
  const authenticate = createAuthenticator(
    createTokenVerifier({ secrets: [SECRET] }),
    async (id) => users.get(id) ?? null,
    pino({ level: 'info' }, lines),
  );
  return {
    logged,
    async as({ id }: User, asUser?: string) {
      const token = await signToken({ secret: SECRET, userId: id, now: Date.now(), ttlMs: 60_000 });
      return authenticate({ authorization: `Bearer ${token}`, asUser });
    },
  };
}

test('an admin who acts for a user is logged each time, with both ids', async () => {
  const { logged, as } = authenticator();
  expect(await as(ADMIN, BOB.id)).toMatchObject({ user: BOB, tokenUserId: ADMIN.id });
  await as(ADMIN, ALICE.id);
  expect(logged).toEqual([
    expect.objectContaining({ level: 30, admin: ADMIN.id, asUser: BOB.id, msg: 'an admin acts for a user' }),
    expect.objectContaining({ level: 30, admin: ADMIN.id, asUser: ALICE.id, msg: 'an admin acts for a user' }),
  ]);
});

test('nobody else acts for a user, and nothing is logged of those who ask for themselves', async () => {
  const { logged, as } = authenticator();
  expect(await as(ADMIN)).toMatchObject({ user: ADMIN });
  expect(await as(ALICE)).toMatchObject({ user: ALICE, tokenUserId: ALICE.id });
  await expect(as(ALICE, BOB.id)).rejects.toMatchObject({ extensions: { code: 'FORBIDDEN' } });
  await expect(as(ADMIN, uuidOf(9))).rejects.toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
  expect(logged).toEqual([]);
});
