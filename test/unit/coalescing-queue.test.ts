import { describe, expect, test } from '@jest/globals';
import { CoalescingQueue } from '../../src/graphql/live/coalescing-queue.js';

function queueOf() {
  let returned = 0;
  const queue = new CoalescingQueue<string, number>(() => {
    returned++;
  });
  return { queue, returns: () => returned };
}

describe('a coalescing queue', () => {
  test('delivers the latest value of each key to a slow reader', async () => {
    const { queue } = queueOf();
    queue.push('a', 1);
    queue.push('b', 2);
    queue.push('a', 3);
    expect(await queue.next()).toEqual({ value: 3, done: false });
    expect(await queue.next()).toEqual({ value: 2, done: false });
  });

  test('wakes a waiting reader', async () => {
    const { queue } = queueOf();
    const next = queue.next();
    queue.push('a', 1);
    expect(await next).toEqual({ value: 1, done: false });
  });

  test('ends at once, also for a waiting reader, tells so once, and takes nothing more', async () => {
    const { queue, returns } = queueOf();
    const next = queue.next();
    await queue.return();
    await queue.return();
    expect(await next).toEqual({ value: undefined, done: true });
    queue.push('a', 1);
    expect(await queue.next()).toEqual({ value: undefined, done: true });
    expect(returns()).toBe(1);
  });
});

describe('delivery from a coalescing queue', () => {
  test('gives the next value once the reader is ready, the latest of each key, and tells of the end', async () => {
    const { queue } = queueOf();
    const taken: number[] = [];
    let ready: () => void = () => undefined;
    let ends = 0;
    queue.push('a', 1);
    queue.deliver(
      (value, whenReady) => {
        taken.push(value);
        ready = whenReady;
      },
      () => {
        ends++;
      },
    );
    queue.push('a', 2);
    queue.push('b', 3);
    queue.push('a', 4);
    expect(taken).toEqual([1]);
    ready();
    ready();
    expect(taken).toEqual([1, 4, 3]);
    ready();
    queue.push('b', 5);
    expect(taken).toEqual([1, 4, 3, 5]);
    await queue.return();
    expect(ends).toBe(0);
    ready();
    expect(ends).toBe(1);
  });
});
