import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { inLanes } from '../../src/migration/lanes.js';

const never = new AbortController().signal;

describe('work in lanes', () => {
  test('is begun in its order, so many pieces at once, and is all done', async () => {
    const begun: number[] = [];
    let running = 0;
    let most = 0;
    const done = await inLanes([1, 2, 3, 4, 5], 2, never, async (piece) => {
      begun.push(piece);
      most = Math.max(most, ++running);
      for (let turns = 0; turns < 6 - piece; turns++) await turn();
      running--;
      return piece * 10;
    });
    expect([begun, most, done]).toEqual([[1, 2, 3, 4, 5], 2, [10, 20, 30, 40, 50]]);
  });

  test('that fails has the rest given up, and fails as the first did once nothing runs any more', async () => {
    const begun: string[] = [];
    let ended = 0;
    const work = inLanes(['fails', 'waits', 'not begun'], 2, never, async (piece, signal) => {
      begun.push(piece);
      try {
        if (piece === 'fails') throw new Error('the first');
        while (!signal.aborted) await turn();
        await turn();
        throw new Error('given up');
      } finally {
        ended++;
      }
    });
    await expect(work).rejects.toThrow('the first');
    expect([begun, ended]).toEqual([['fails', 'waits'], 2]);
  });

  test('ends with the signal', async () => {
    const stop = new AbortController();
    const begun: number[] = [];
    const work = inLanes([1, 2, 3], 1, stop.signal, async (piece) => {
      begun.push(piece);
      stop.abort(new Error('stopped'));
    });
    await expect(work).rejects.toThrow('stopped');
    expect(begun).toEqual([1]);
  });
});
