import { expect, test } from '@jest/globals';
import { SubscriptionLimits } from '../../src/graphql/subscription-limits.js';

const RATE_LIMITED = expect.objectContaining({ extensions: { code: 'RATE_LIMITED' } });

function reasonOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

test('a socket and a user have so many subscriptions at a time, and room again once one is over', () => {
  const limits = new SubscriptionLimits({ maxPerUser: 3, maxPerSocket: 2 });
  const [first, second] = [{}, {}];
  const end = limits.start('alice', first);
  limits.start('alice', first);
  expect(reasonOf(() => limits.start('alice', first))).toEqual(RATE_LIMITED);
  limits.start('alice', second);
  expect(reasonOf(() => limits.start('alice', second))).toEqual(RATE_LIMITED);
  limits.start('bob', second);

  end();
  end();
  limits.start('alice', {});
  expect(reasonOf(() => limits.start('alice', {}))).toEqual(RATE_LIMITED);
});
