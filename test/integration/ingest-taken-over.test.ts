import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { pino } from 'pino';
import { BatchBuilder } from '../../ingest-worker/batch.js';
import { postgresAttemptSink } from '../../ingest-worker/postgres-sink.js';
import { attemptKind } from '../../ingest-worker/stream-kind.js';
import type { AttemptRecord } from '../../src/records/attempt.js';
import { PostgresDatabase } from '../../src/stores/postgres/database.js';
import { streamEntry } from '../../src/stores/redis/stream-entry.js';
import {
  attemptOf,
  eventOf,
  freshIngestStack,
  type IngestStack,
  standingAttempts,
  standingEvents,
  toJson,
} from '../support/ingest.js';
import { until } from '../support/until.js';

const logger = pino({ level: 'silent' });
const UNSTOPPED = new AbortController().signal;

/** A batch of one entry a record. */
function batchOf(attempts: readonly AttemptRecord[]) {
  const builder = new BatchBuilder(attemptKind, 30);
  for (const [index, attempt] of attempts.entries()) {
    const value = Buffer.from(JSON.stringify(toJson(attempt)));
    builder.add(streamEntry(`${Date.now()}-${index}`, [Buffer.from('record'), value]));
  }
  return builder.build();
}

describe('a worker that writes a Postgres database with history', () => {
  let stack: IngestStack;
  const sql = (text: string, values: readonly unknown[] = []): Promise<object[]> =>
    stack.postgres.query({ name: 'test', text, values });

  const sinkOptions = () => {
    const member = { names: stack.names, stream: 'delivery_attempts', group: 'postgres', consumer: 'worker' } as const;
    return { database: stack.postgres, redis: stack.redis, member, logger };
  };

  beforeEach(async () => {
    stack = await freshIngestStack();
  });

  afterEach(() => stack.close());

  test('leaves an attempt without a user to the owner of its endpoint, or to anyone where that is gone', async () => {
    const [owner, application, endpoint] = [randomUUID(), randomUUID(), randomUUID()];
    await sql("INSERT INTO users (id, email) VALUES ($1, 'owner@example.com')", [owner]);
    await sql("INSERT INTO applications (id, user_id, name) VALUES ($1, $2, 'legacy')", [application, owner]);
    await sql(
      "INSERT INTO endpoints (id, application_id, name, url) VALUES ($1, $2, 'legacy', 'https://example.com')",
      [endpoint, application],
    );
    const owned = attemptOf({ user_id: owner, endpoint_id: endpoint });
    const contested = attemptOf({ user_id: owner, endpoint_id: endpoint });
    const orphan = attemptOf();
    for (const { id, event_id, endpoint_id, created_at } of [owned, contested, orphan]) {
      await sql(
        `INSERT INTO delivery_attempts (id, event_id, endpoint_id, status, created_at, updated_at)
          SELECT $1, $2, $3, 'pending', time, time FROM to_timestamp($4::bigint / 1000.0) AS time`,
        [id, event_id, endpoint_id, created_at],
      );
    }
    const stolen = { ...contested, user_id: randomUUID(), endpoint_id: randomUUID() };

    stack.startWorker();
    const entry = await stack.addRecords('delivery_attempts', [owned, stolen, orphan].map(toJson));
    await stack.drained();
    expect(await stack.deadLetters()).toMatchObject([
      { entry_id: entry, record_index: '1', reason: expect.stringMatching(/^id: is already used/) },
    ]);
    expect(await sql('SELECT user_id, endpoint_id FROM delivery_attempts WHERE id = $1', [contested.id])).toEqual([
      { user_id: null, endpoint_id: endpoint },
    ]);

    await stack.addRecords('delivery_attempts', [contested].map(toJson));
    await stack.drained();
    expect(await stack.attemptsIn('postgres')).toEqual(standingAttempts([owned, contested, orphan]));
  });

  test('sends a record that a narrower column cannot hold to the dead letters, alone', async () => {
    await sql(
      'ALTER TABLE delivery_attempts ALTER http_status_code TYPE smallint, ALTER response_time_ms TYPE integer',
    );
    await sql('ALTER TABLE events ALTER chain_id TYPE integer');
    const attempts = Array.from({ length: 30 }, () => attemptOf());
    const pending = attemptOf({ status: 'pending', response_time_ms: null });
    const slow = {
      ...pending,
      status: 'success' as const,
      response_time_ms: 2 ** 32 - 1,
      updated_at: pending.updated_at + 1,
    };
    const events = Array.from({ length: 10 }, () => eventOf());
    const bigChain = eventOf({ chain_id: 2 ** 31 });

    stack.startWorker();
    const entry = await stack.addRecords('delivery_attempts', [...attempts, pending, slow].map(toJson));
    await stack.drained();
    const next = await stack.addRecords('events', [bigChain, ...events].map(toJson));
    await stack.drained();

    expect(await stack.attemptsIn('postgres')).toEqual(standingAttempts([...attempts, pending]));
    expect(await stack.eventsIn('postgres')).toEqual(standingEvents(events));
    expect(await stack.deadLetters()).toEqual([
      expect.objectContaining({
        entry_id: entry,
        record_index: '31',
        reason: expect.stringMatching(/^response_time_ms: is refused by Postgres \(22003 /),
        payload: JSON.stringify(toJson(slow)),
      }),
      expect.objectContaining({
        stream: stack.names.stream('events'),
        entry_id: next,
        record_index: '0',
        payload: JSON.stringify(toJson(bigChain)),
      }),
    ]);
  });

  test('sends what constraints of the database refuse to the dead letters, and names them', async () => {
    await sql(`ALTER TABLE delivery_attempts ALTER http_status_code SET NOT NULL,
      ADD CONSTRAINT few_attempts CHECK (attempt_number <= 10),
      ADD CONSTRAINT one_attempt UNIQUE (event_id, endpoint_id, attempt_number)`);
    const good = Array.from({ length: 30 }, () => attemptOf());
    const refused = [
      attemptOf({ status: 'failed', http_status_code: null }),
      attemptOf({ attempt_number: 11 }),
      attemptOf({ event_id: good[0]?.event_id ?? '', endpoint_id: good[0]?.endpoint_id ?? '' }),
    ];
    stack.startWorker();
    await stack.addRecords('delivery_attempts', good.map(toJson));
    await stack.drained();
    const more = Array.from({ length: 30 }, () => attemptOf());
    await stack.addRecords('delivery_attempts', [...refused, ...more].map(toJson));
    await stack.drained();

    expect(await stack.attemptsIn('postgres')).toEqual(standingAttempts([...good, ...more]));
    expect((await stack.deadLetters()).map(({ record_index, reason }) => `${record_index} ${reason}`)).toEqual([
      '0 http_status_code: is refused by Postgres (23502 not_null_violation)',
      '1 constraint few_attempts: is refused by Postgres (23514 check_violation)',
      '2 constraint one_attempt: is refused by Postgres (23505 unique_violation)',
    ]);
  });

  test('finds the same bad records again where it was killed before they were buried', async () => {
    await sql('ALTER TABLE delivery_attempts ADD CONSTRAINT few_attempts CHECK (attempt_number <= 10)');
    const good = Array.from({ length: 9 }, () => attemptOf());
    const batch = batchOf([...good, attemptOf({ attempt_number: 11 })]);
    const sink = postgresAttemptSink(sinkOptions());
    const letters = await sink.write(batch, UNSTOPPED);
    expect(letters).toHaveLength(1);
    expect(await sink.write(batch, UNSTOPPED)).toEqual(letters);
    expect(await stack.attemptsIn('postgres')).toEqual(standingAttempts(good));
  });

  test('sets many bad records among 20,000 apart by a handful of queries, so that their neighbours do not wait', async () => {
    await sql('ALTER TABLE delivery_attempts ALTER response_time_ms TYPE integer');
    const all = Array.from({ length: 20_000 }, (_, index) =>
      attemptOf({ response_time_ms: index % 10 === 7 ? 2 ** 31 : 1 }),
    );
    const batch = batchOf(all);
    const query = jest.spyOn(stack.postgres, 'query');
    const letters = await postgresAttemptSink(sinkOptions()).write(batch, UNSTOPPED);
    expect(letters).toHaveLength(2_000);
    expect(query.mock.calls.length).toBeLessThan(10);
  });

  test('gives an id that thousands of users claim to its first one, by a handful of queries', async () => {
    const owner = attemptOf();
    const legacy = attemptOf();
    await sql(
      `INSERT INTO delivery_attempts (id, event_id, endpoint_id, status, created_at, updated_at)
        SELECT $1, $2, $3, 'pending', time, time FROM to_timestamp($4::bigint / 1000.0) AS time`,
      [legacy.id, legacy.event_id, legacy.endpoint_id, legacy.created_at],
    );
    const thieves = Array.from({ length: 3_000 }, () => ({ ...owner, user_id: randomUUID() }));
    const early = { ...legacy, created_at: legacy.created_at - 1 };
    const rivals = Array.from({ length: 3 }, () => ({ ...legacy, user_id: randomUUID() }));
    const batch = batchOf([owner, early, ...thieves, legacy, ...rivals]);
    const query = jest.spyOn(stack.postgres, 'query');
    const letters = await postgresAttemptSink(sinkOptions()).write(batch, UNSTOPPED);
    expect(query.mock.calls.length).toBeLessThan(10);
    expect(letters).toHaveLength(1 + thieves.length + rivals.length);
    expect(await stack.attemptsIn('postgres')).toEqual(standingAttempts([owner, legacy]));
  });

  test('holds the batch where the table is what is wrong, and goes on once that is mended', async () => {
    await sql('ALTER TABLE delivery_attempts RENAME error_message TO message');
    const attempts = [attemptOf(), attemptOf()];
    stack.startWorker();
    await stack.addRecords('delivery_attempts', attempts.map(toJson));
    await stack.drained(['clickhouse']);
    await until('the batch to be given to Postgres', async () => (await stack.pendingOf('delivery_attempts')) > 0);
    await sql('ALTER TABLE delivery_attempts RENAME message TO error_message');
    await stack.drained();
    expect(await stack.attemptsIn('postgres')).toEqual(standingAttempts(attempts));
    expect(await stack.deadLetters()).toEqual([]);
  });

  test('halves a batch that takes longer than a statement may', async () => {
    await sql(`CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_sleep(0.02); RETURN new; END $$`);
    await sql('CREATE TRIGGER slow BEFORE INSERT ON delivery_attempts FOR EACH ROW EXECUTE FUNCTION be_slow()');
    const attempts = Array.from({ length: 40 }, () => attemptOf());
    const { POSTGRES_URL } = stack.environment;
    const database = new PostgresDatabase(POSTGRES_URL, { applicationName: 'test', statementTimeoutMs: 400 });
    try {
      const stopping = AbortSignal.timeout(20_000);
      expect(await postgresAttemptSink({ ...sinkOptions(), database }).write(batchOf(attempts), stopping)).toEqual([]);
    } finally {
      await database.close();
    }
    expect(await stack.attemptsIn('postgres')).toEqual(standingAttempts(attempts));
  });
});
