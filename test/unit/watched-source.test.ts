import 'reflect-metadata';
import { describe, expect, test } from '@jest/globals';
import type { HourlyStat } from '../../src/graphql/delivery/stats.js';
import { WatchedSource } from '../../src/graphql/live/watched-source.js';
import { NO_DELIVERIES } from '../../src/stores/analytics-store.js';

const [EARLIER, HOUR] = [0, 3_600_000];
const counters = (attempts: number) => ({ ...NO_DELIVERIES, attempts });

function watch() {
  let idle = 0;
  const watched = new WatchedSource({ userId: 'alice' }, () => {
    idle++;
  });
  /** Joins, and notes what it is told. */
  const join = () => {
    const told: HourlyStat[] = [];
    const joined = watched.join(HOUR).then((queue) => {
      queue.deliver(
        (stat, ready) => {
          told.push(stat);
          ready();
        },
        () => undefined,
      );
      return queue;
    });
    return { joined, told };
  };
  return { watched, join, idle: () => idle };
}

describe('a watched source', () => {
  test('tells all who watch it of the same object, and only where the numbers are new', async () => {
    const { watched, join } = watch();
    const [first, second] = [join(), join()];
    expect([...watched.begin()]).toEqual([HOUR]);
    watched.tell(HOUR, counters(1));
    await Promise.all([first.joined, second.joined]);
    watched.tell(HOUR, counters(1));
    watched.tell(HOUR, counters(2));
    expect(first.told.map(({ attempts }) => attempts)).toEqual([1, 2]);
    expect(second.told.map((stat) => first.told.indexOf(stat))).toEqual([0, 1]);
  });

  test('has one who comes during a reading wait for the next, which tells them whether or not it is new', async () => {
    const { watched, join } = watch();
    const first = join();
    watched.begin();
    const second = join();
    watched.tell(HOUR, counters(1));
    await first.joined;
    expect([...watched.begin()]).toEqual([HOUR]);
    watched.tell(HOUR, counters(1));
    watched.tell(EARLIER, counters(5));
    await second.joined;
    expect(first.told.map(({ attempts }) => attempts)).toEqual([1, 5]);
    expect(second.told.map(({ attempts }) => attempts)).toEqual([1, 5]);
  });

  test('looks again after a reading that failed, for those who watch; whoever was waiting is told of the failure', async () => {
    const { watched, join, idle } = watch();
    const first = join();
    watched.begin();
    watched.tell(HOUR, counters(1));
    const queue = await first.joined;
    const second = join();
    watched.mark(EARLIER);
    const hours = watched.begin();
    watched.fail(hours, new Error('away'));
    await expect(second.joined).rejects.toThrow('away');
    expect([...watched.begin()].sort()).toEqual([EARLIER, HOUR]);
    expect(idle()).toBe(0);
    await queue.return();
    expect(idle()).toBe(1);
  });

  test('is idle where the only one who waits is told of a failure', async () => {
    const { watched, join, idle } = watch();
    const only = join();
    watched.fail(watched.begin(), new Error('away'));
    await expect(only.joined).rejects.toThrow('away');
    expect(watched.isDirty).toBe(false);
    expect(idle()).toBe(1);
  });
});
