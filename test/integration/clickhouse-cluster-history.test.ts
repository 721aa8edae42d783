import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { runBackfill } from '../../src/migration/backfill/run.js';
import { repair } from '../../src/migration/verify/repair.js';
import { runVerify } from '../../src/migration/verify/run.js';
import { STREAMS } from '../../src/records/names.js';
import { ClickHouseCluster } from '../support/clickhouse-cluster.js';
import { eventOf, toJson } from '../support/ingest.js';
import { fillInUsers, insertLegacyHistory } from '../support/legacy-history.js';
import { runCli, setPhase } from '../support/move.js';
import { attemptsOf, freshShardedStack, type ShardedStack } from '../support/sharded-stack.js';

const everything = { from: 0, to: Number.POSITIVE_INFINITY };

jest.setTimeout(180_000);

describe('the move to two shards', () => {
  let cluster: ClickHouseCluster;
  let stack: ShardedStack;

  beforeAll(async () => {
    cluster = await ClickHouseCluster.start();
  });
  afterAll(() => cluster.stop());
  beforeEach(async () => {
    stack = await freshShardedStack(cluster);
  });
  afterEach(() => stack.close());

  const verify = () =>
    runVerify(stack.services, {
      tables: STREAMS,
      range: everything,
      patienceMs: 0,
      now: Date.now(),
      onProgress: () => undefined,
    });
  const named = async () =>
    (await verify()).tables.flatMap(({ differences }) => differences.map(({ id, kind }) => [id, kind])).sort();

  test('what came in by the streams is compared with Postgres', async () => {
    await setPhase(stack, 'dual_write');
    stack.startWorker();
    await stack.addRecords('delivery_attempts', attemptsOf(300).map(toJson));
    await stack.addRecords(
      'events',
      Array.from({ length: 30 }, () => toJson(eventOf())),
    );
    await stack.drained();
    expect(await verify()).toMatchObject({
      complete: true,
      tables: [
        { table: 'events', rows: 30, differences: [] },
        { table: 'delivery_attempts', rows: 300, differences: [] },
      ],
      sums: { differences: [] },
      answers: { differences: [] },
    });
  });

  test('the history is copied while traffic goes on, to the shard of each user, and its sums are right', async () => {
    await setPhase(stack, 'dual_write');
    await insertLegacyHistory(stack.postgres, { days: 3, perDay: 200 });
    stack.startWorker();
    await stack.addRecords('delivery_attempts', attemptsOf(100).map(toJson));
    const run = () =>
      runBackfill(stack.services, { tables: STREAMS, range: everything, share: 1, onProgress: () => undefined });
    const [events, attempts] = await run();
    await stack.drained();
    expect(events).toMatchObject({ rowsDone: 600, rowsRejected: 0, finishedAt: expect.any(Number) });
    expect(attempts).toMatchObject({ rowsRejected: 0, finishedAt: expect.any(Number) });
    await fillInUsers(stack.postgres);
    expect(await stack.attemptsIn('clickhouse')).toHaveLength(700);
    expect(await named()).toEqual([]);
    await stack.expectExactRollups();
    expect(Math.min(...(await stack.countsOf('delivery_attempts_local')))).toBeGreaterThan(0);
    expect(await runCli(stack, 'backfill')).toMatchObject({ code: 0 });
    await stack.expectExactRollups();
  });

  test('what is missing, changed or too much on either shard is mended', async () => {
    await setPhase(stack, 'dual_write');
    stack.startWorker();
    await stack.addRecords('delivery_attempts', attemptsOf(300).map(toJson));
    await stack.drained();
    const [one = '', other = ''] = await stack.oneUserOfEachShard();
    const sql = (text: string) => stack.postgres.query({ name: 'test', text });
    const ofUser = async (user: string): Promise<string[]> => {
      const rows = await stack.postgres.query<{ id: string }>({
        name: 'test',
        text: 'SELECT id FROM delivery_attempts WHERE user_id = $1 ORDER BY id LIMIT 3',
        values: [user],
      });
      return rows.map(({ id }) => id);
    };
    const wanted: [string, string][] = [];
    for (const user of [one, other]) {
      const [gone = '', changed = '', missing = ''] = await ofUser(user);
      await sql(`DELETE FROM delivery_attempts WHERE id = '${gone}'`);
      await sql(`UPDATE delivery_attempts SET response_time_ms = 4242 WHERE id = '${changed}'`);
      await Promise.all(
        stack.shards.map((shard) =>
          shard.command({
            name: 'test',
            query: 'DELETE FROM delivery_attempts_local WHERE id = {id:UUID}',
            params: { id: missing },
            settings: { lightweight_deletes_sync: '2' },
          }),
        ),
      );
      wanted.push([gone, 'extra'], [changed, 'changed'], [missing, 'missing']);
    }
    expect(await named()).toEqual(wanted.sort());
    await repair(stack.services, await verify(), everything);
    expect(await named()).toEqual([]);
    expect(await stack.attemptsIn('clickhouse')).toEqual(await stack.attemptsIn('postgres'));
    await stack.expectExactRollups();
  });
});
