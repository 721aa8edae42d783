import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeCursor, encodeCursor } from '../../src/graphql/cursor.js';
import { connectionOf } from '../../src/graphql/page.js';

const ID = '0f8fad5b-d9cb-469f-a165-70867728950e';
const CODE = expect.objectContaining({ extensions: { code: 'BAD_USER_INPUT' } });

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('a cursor', () => {
  test('comes back as the place it was made from', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 ** 14 }), fc.uuid(), (time, id) => {
        const cursor = encodeCursor({ time, id });
        expect(cursor).toMatch(/^[\w-]+$/);
        expect(decodeCursor(cursor)).toEqual({ time, id });
      }),
    );
  });

  test.each([
    ['', 'nothing'],
    ['nonsense', 'no base64 of a place'],
    [Buffer.from(`12:${ID}x`).toString('base64url'), 'an id that is no UUID'],
    [Buffer.from(`-1:${ID}`).toString('base64url'), 'a time before 1970'],
    [Buffer.from(`012:${ID}`).toString('base64url'), 'a place written differently'],
    [encodeCursor({ time: Date.UTC(10_000, 0), id: ID }), 'a time that the stores cannot say'],
    [`${encodeCursor({ time: 12, id: ID })}AA`, 'something behind it'],
  ])('%s is refused: %s', (cursor) => {
    expect(thrownBy(() => decodeCursor(cursor))).toEqual(CODE);
  });

  test('any other text is refused and never throws anything else', () => {
    fc.assert(fc.property(fc.string(), (text) => expect(thrownBy(() => decodeCursor(text))).toEqual(CODE)));
  });
});

describe('a page', () => {
  const place = (time: number) => ({ time, id: ID });
  const page = { first: 2, limit: 3 };

  test('has a next one where the store gave one row more', () => {
    const { nodes, edges, pageInfo } = connectionOf([3, 2, 1], page, place);
    expect(nodes).toEqual([3, 2]);
    expect(edges.map(({ cursor }) => decodeCursor(cursor).time)).toEqual([3, 2]);
    expect(pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: edges[0]?.cursor,
      endCursor: edges[1]?.cursor,
    });
  });

  test('without rows has no cursors, and has a previous one behind a cursor', () => {
    const { pageInfo } = connectionOf<number>([], { ...page, after: place(9) }, place);
    expect(pageInfo).toEqual({ hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null });
  });
});
