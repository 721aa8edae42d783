import { describe, expect, test } from '@jest/globals';
import { verifyOnceAMinute } from '../../src/graphql/recent-identities.js';
import { RecentValues } from '../../src/platform/recent-values.js';

describe('values learnt a moment ago', () => {
  test('are known for their lifetime, from when they were asked for', () => {
    const recent = new RecentValues<string>({ lifetimeMs: 100, maxEntries: 2 });
    recent.set('a', 'first', 1_000);
    expect([1_000, 1_099, 1_100].map((now) => recent.get('a', now))).toEqual(['first', 'first', undefined]);
    recent.set('a', 'second', 1_050);
    expect(recent.get('a', 1_149)).toBe('second');
  });

  test('are forgotten, the oldest first, beyond a number', () => {
    const recent = new RecentValues<string>({ lifetimeMs: 100, maxEntries: 2 });
    for (const key of ['a', 'b', 'a', 'c']) recent.set(key, key, 0);
    expect(['a', 'b', 'c'].map((key) => recent.get(key, 1))).toEqual(['a', undefined, 'c']);
  });
});

describe('verifying once a minute', () => {
  /** What is verified, and how often. */
  const counting = (acceptedUntil: number, refused: readonly string[] = []) => {
    const verified: string[] = [];
    const verify = verifyOnceAMinute(async (token) => {
      verified.push(token);
      if (refused.includes(token)) throw new Error('refused');
      return { subject: `${token}'s`, acceptedUntil };
    });
    return { verify, verified };
  };

  test('keeps tokens apart, and verifies each once', async () => {
    const { verify, verified } = counting(Number.POSITIVE_INFINITY);
    for (const token of ['a', 'b', 'a', 'b']) expect((await verify(token)).subject).toBe(`${token}'s`);
    expect(verified).toEqual(['a', 'b']);
  });

  test('verifies again what has expired meanwhile, was refused, or is too long to keep', async () => {
    const expired = counting(0);
    await expired.verify('a');
    await expired.verify('a');
    expect(expired.verified).toEqual(['a', 'a']);
    const long = 'a'.repeat(10_000);
    const { verify, verified } = counting(Number.POSITIVE_INFINITY, ['bad']);
    await expect(verify('bad')).rejects.toThrow('refused');
    await expect(verify('bad')).rejects.toThrow('refused');
    await verify(long);
    await verify(long);
    expect(verified).toEqual(['bad', 'bad', long, long]);
  });
});
