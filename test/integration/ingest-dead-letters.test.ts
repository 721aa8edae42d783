import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { attemptType } from '../../src/records/attempt.js';
import { STORES } from '../../src/records/migration-phase.js';
import {
  attemptOf,
  freshIngestStack,
  type IngestStack,
  rowBinaryOf,
  standingAttempts,
  toJson,
} from '../support/ingest.js';

describe('bad records', () => {
  let stack: IngestStack;

  beforeEach(async () => {
    stack = await freshIngestStack();
    stack.startWorker();
  });

  afterEach(() => stack.close());

  test('go alone to the dead letters, once though both groups read them, and their neighbours are stored', async () => {
    const good = Array.from({ length: 4 }, () => attemptOf());
    const [first = '', second = '', third = ''] = good.map((attempt) => JSON.stringify(toJson(attempt)));
    const bad = (fields: object): string => JSON.stringify({ ...toJson(attemptOf()), ...fields });
    const poison = [
      '{"id": ',
      bad({ attempt_number: '1' }),
      bad({ http_status_code: 600 }),
      bad({ error_message: 'a\u0000b' }),
      bad({ error_message: '\ud800' }),
      bad({ error_message: 'x'.repeat(2 * 1024 * 1024) }),
      bad({ created_at: '1970-01-01T00:00:00Z' }),
      bad({ created_at: '2200-01-01T00:00:00Z' }),
    ];
    const entry = await stack.add('delivery_attempts', 'records', [first, ...poison, '', second].join('\n'));
    await stack.add('delivery_attempts', 'record', third);
    await stack.add('delivery_attempts', 'rowbinary', rowBinaryOf(attemptType, good.slice(3)));
    const truncated = await stack.add('delivery_attempts', 'rowbinary', rowBinaryOf(attemptType, good).subarray(0, -1));
    await stack.drained();

    for (const store of STORES) expect(await stack.attemptsIn(store)).toEqual(standingAttempts(good));
    await stack.expectExactRollups();
    const letters = await stack.deadLetters();
    expect(letters.filter(({ entry_id }) => entry_id === entry)).toEqual(
      poison.map((payload, index) => ({
        stream: stack.names.stream('delivery_attempts'),
        entry_id: entry,
        record_index: String(index + 1),
        reason: expect.any(String),
        payload,
        failed_at: expect.stringMatching(/^\d{4}-.*Z$/),
      })),
    );
    expect(letters.map(({ reason }) => reason.split(':', 1)[0])).toEqual([
      'records',
      'attempt_number',
      'http_status_code',
      'error_message',
      'error_message',
      'error_message',
      'created_at',
      'created_at',
      'rowbinary',
    ]);
    expect(letters.at(-1)?.entry_id).toBe(truncated);
  });

  test('an id that is used again for another user or time is dead for Postgres, in one batch and in the next', async () => {
    const owner = attemptOf();
    const thief = { ...owner, user_id: attemptOf().user_id };
    const later = { ...owner, created_at: owner.created_at + 1, updated_at: owner.updated_at + 10 };
    const entry = await stack.addRecords('delivery_attempts', [owner, thief].map(toJson));
    await stack.drained();
    const next = await stack.addRecords(
      'delivery_attempts',
      [later, { ...owner, status: 'failed' as const }].map(toJson),
    );
    await stack.drained();

    expect(await stack.attemptsIn('postgres')).toEqual(standingAttempts([owner]));
    const letters = await stack.deadLetters();
    expect(letters.map(({ entry_id, record_index }) => `${entry_id} ${record_index}`)).toEqual([
      `${entry} 1`,
      `${next} 0`,
    ]);
    expect(letters.map(({ payload }) => JSON.parse(payload).user_id)).toEqual([thief.user_id, owner.user_id]);
    expect(letters[0]?.reason).toMatch(/^id: is already used/);
  });

  test('an id stays with its first user though a later state of theirs comes behind the other one', async () => {
    const owner = { ...attemptOf(), status: 'pending' as const, response_time_ms: null };
    const thief = { ...owner, user_id: attemptOf().user_id };
    const outcome = { ...owner, status: 'success' as const, updated_at: owner.updated_at + 1 };
    const entry = await stack.addRecords('delivery_attempts', [owner, thief, outcome].map(toJson));
    await stack.drained();

    expect(await stack.attemptsIn('postgres')).toEqual(standingAttempts([outcome]));
    const letters = await stack.deadLetters();
    expect(letters.map(({ entry_id, record_index }) => `${entry_id} ${record_index}`)).toEqual([`${entry} 1`]);
  });

  test('a row written before attempts had a user gets one, and is not taken for another attempt', async () => {
    const attempt = attemptOf();
    await stack.postgres.query({
      name: 'test',
      text: `INSERT INTO delivery_attempts (id, event_id, endpoint_id, status, created_at, updated_at)
        VALUES ($1, $2, $3, 'pending', $4::timestamptz + interval '999 microseconds', $4)`,
      values: [attempt.id, attempt.event_id, attempt.endpoint_id, new Date(attempt.created_at).toISOString()],
    });
    await stack.addRecords('delivery_attempts', [toJson(attempt)]);
    await stack.drained();

    expect(await stack.attemptsIn('postgres')).toEqual(standingAttempts([attempt]));
    expect(await stack.deadLetters()).toEqual([]);
  });
});
