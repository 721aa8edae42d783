import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { FaultStack } from '../support/fault-stack.js';
import { anyAttempt } from '../support/fault-traffic.js';
import { toJson } from '../support/ingest.js';
import { FORM } from './form.js';

const DAY_MS = 86_400_000;

describe('records', () => {
  let stack: FaultStack;

  beforeAll(async () => {
    stack = await FaultStack.start(FORM);
  }, 240_000);

  afterAll(() => stack.stop(), 120_000);
  afterEach(() => stack.reset(), 120_000);

  const line = (fields: Readonly<Record<string, unknown>>): string =>
    JSON.stringify({ ...toJson(anyAttempt()), ...fields });

  test('that break a rule become dead letters, alone among good ones', async () => {
    await stack.startWorker();
    const poison = [
      '{"id": ',
      '[]',
      'null',
      line({ id: 'no uuid' }),
      line({ user_id: null }),
      line({ attempt_number: 300 }),
      line({ attempt_number: 0 }),
      line({ status: 'lost' }),
      line({ http_status_code: 99 }),
      line({ response_time_ms: 2 ** 32 }),
      line({ response_time_ms: -1 }),
      line({ error_message: '\u0000' }),
      line({ error_message: '\ud800' }),
      line({ error_message: 'x'.repeat(65_537) }),
      line({ created_at: '1960-01-01T00:00:00Z' }),
      line({ created_at: '2200-01-01T00:00:00Z' }),
      line({ created_at: new Date(Date.now() - 31 * DAY_MS).toISOString() }),
      line({ created_at: 'yesterday' }),
      line({ created_at: undefined }),
    ];
    await stack.under(FORM.rate, async () => {
      for (const bad of poison) await stack.traffic.poison([bad]);
      await stack.traffic.poison(poison);
    });
    await stack.expectExact();
  }, 600_000);

  test('that are sent five times, in batches of their own, are there once', async () => {
    await stack.startWorker();
    const attempts = Array.from({ length: 200 }, () => anyAttempt());
    for (let time = 0; time < 5; time++) {
      await stack.traffic.attempts(attempts);
      await stack.expectExact({ rollups: false });
    }
    await stack.expectExact({ rollups: FORM.awaitsAudit });
  }, 600_000);

  test('whose id is used by another user change nothing of that one', async () => {
    await stack.startWorker();
    const owned = Array.from({ length: 50 }, () => anyAttempt());
    await stack.traffic.attempts(owned);
    await stack.expectExact({ rollups: false });
    const stolen = owned.map((attempt) => ({ ...attempt, user_id: randomUUID(), updated_at: attempt.updated_at + 1 }));
    await stack.traffic.attemptsOfUsedIds(stolen);
    await stack.expectExact({ rollups: FORM.awaitsAudit });
    const rows = await stack.postgres.query<{ id: string; user_id: string }>({
      name: 'test',
      text: 'SELECT id, user_id FROM delivery_attempts WHERE id = ANY($1::uuid[])',
      values: [owned.map(({ id }) => id)],
    });
    expect(new Map(rows.map(({ id, user_id }) => [id, user_id]))).toEqual(
      new Map(owned.map(({ id, user_id }) => [id, user_id])),
    );
  }, 600_000);
});
