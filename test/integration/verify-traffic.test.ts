import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { pino } from 'pino';
import { auditAllDays } from '../../src/migration/backfill/rollups.js';
import { runBackfill } from '../../src/migration/backfill/run.js';
import { runVerify } from '../../src/migration/verify/run.js';
import { STREAMS } from '../../src/records/names.js';
import { simulate } from '../../src/simulation/simulate.js';
import { StreamProducer } from '../../src/stores/redis/producer.js';
import { freshIngestStack, type IngestStack } from '../support/ingest.js';
import { insertLegacyHistory, LEGACY_USERS } from '../support/legacy-history.js';
import { moveServices, setPhase } from '../support/move.js';
import { until } from '../support/until.js';

const LEGACY_ROWS = 600;
const everything = { from: 0, to: Number.POSITIVE_INFINITY };

jest.setTimeout(400_000);

describe('the comparison while traffic goes through both stores', () => {
  let stack: IngestStack;
  let stopTraffic: () => Promise<number>;
  const compare = (patienceMs = 90_000) =>
    runVerify(moveServices(stack), {
      tables: STREAMS,
      range: everything,
      patienceMs,
      now: Date.now(),
      onProgress: () => undefined,
    });
  const sql = (text: string) => stack.postgres.query<{ id: string }>({ name: 'test_sql', text });
  const columns = (query: string) => stack.clickhouse.command({ name: 'test', query });
  const liveAttempts = async (): Promise<number> =>
    (await sql('SELECT id FROM delivery_attempts')).length - LEGACY_ROWS;

  beforeAll(async () => {
    stack = await freshIngestStack();
    await setPhase(stack, 'dual_write');
    await insertLegacyHistory(stack.postgres, { days: 3, perDay: 200 });
    stack.startWorker();
    const stopping = new AbortController();
    const traffic = simulate({
      postgres: stack.postgres,
      producer: new StreamProducer(stack.redis, stack.names),
      rate: 100,
      logger: pino({ level: 'silent' }),
      signal: stopping.signal,
    });
    stopTraffic = async () => {
      stopping.abort();
      return (await traffic).attempts;
    };
    await runBackfill(moveServices(stack), {
      tables: STREAMS,
      range: everything,
      share: 1,
      onProgress: () => undefined,
    });
    await until('there is live traffic in Postgres', async () => (await liveAttempts()) > 200, 60);
  });
  afterAll(async () => {
    await stopTraffic();
    await stack.close();
  });

  test('finds nothing where nothing is wrong', async () => {
    const before = await liveAttempts();
    const report = await compare();
    expect(report).toMatchObject({
      complete: true,
      tables: [{ differences: [] }, { differences: [] }],
      sums: { differences: [] },
      answers: { differences: [] },
    });
    expect(await liveAttempts()).toBeGreaterThan(before);
  });

  test('names each of a changed value, a missing row, an extra row and a rollup that counts twice', async () => {
    const [doubled = '', spoiled = ''] = LEGACY_USERS.map(({ userId }) => userId);
    const [changed = '', missing = '', extra = ''] = (
      await sql(`SELECT id FROM delivery_attempts
        WHERE user_id = '${spoiled}' AND created_at < now() - interval '1 day' ORDER BY created_at DESC LIMIT 3`)
    ).map(({ id }) => id);
    // The worker's own audit would mend the rollup: it waits as long as another one has its turn.
    await auditAllDays(moveServices(stack));
    await stack.redis.command('SET', stack.names.rollupAudit, 'the test', 'PX', 600_000);
    await sql(`UPDATE delivery_attempts SET response_time_ms = 4321 WHERE id = '${changed}'`);
    await columns(`DELETE FROM delivery_attempts WHERE id = '${missing}'`);
    await sql(`DELETE FROM delivery_attempts WHERE id = '${extra}'`);
    await columns(`INSERT INTO delivery_stats_daily SELECT * FROM delivery_stats_daily FINAL
      WHERE user_id = '${doubled}' AND day = yesterday() SETTINGS insert_deduplicate = 0`);
    const before = await liveAttempts();
    const { tables, sums } = await compare(0);
    const [events, attempts] = tables;
    expect(events?.differences).toEqual([]);
    expect(attempts?.differences.map(({ id, kind, columns: which }) => [id, kind, ...which]).sort()).toEqual(
      [
        [changed, 'changed', 'response_time_ms'],
        [missing, 'missing'],
        [extra, 'extra'],
      ].sort(),
    );
    expect(sums.differences).toContainEqual(expect.objectContaining({ userId: doubled, rollups: ['daily'] }));
    expect(await liveAttempts()).toBeGreaterThan(before);
  });
});
