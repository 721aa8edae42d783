import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type AttemptRecord, attemptType } from '../../src/records/attempt.js';
import { type EventRecord, eventType } from '../../src/records/event.js';
import { STORES } from '../../src/records/migration-phase.js';
import {
  attemptOf,
  eventOf,
  freshIngestStack,
  type IngestStack,
  rowBinaryOf,
  standingAttempts,
  standingEvents,
  toJson,
} from '../support/ingest.js';

describe('from the streams to both stores', () => {
  let stack: IngestStack;

  beforeEach(async () => {
    stack = await freshIngestStack();
  });

  afterEach(() => stack.close());

  async function expectStored(attempts: readonly AttemptRecord[], events: readonly EventRecord[]): Promise<void> {
    await stack.drained();
    for (const store of STORES) {
      expect(await stack.attemptsIn(store)).toEqual(standingAttempts(attempts));
      expect(await stack.eventsIn(store)).toEqual(standingEvents(events));
    }
    await stack.expectExactRollups();
  }

  test('the three forms of an entry mean the same', async () => {
    const attempts = [
      attemptOf({
        error_message: 'timed out after 30 s: "zażółć" \\ {1,NULL}',
        status: 'failed',
        http_status_code: null,
      }),
      attemptOf({ response_time_ms: null, status: 'expired', attempt_number: 255 }),
      attemptOf({ status: 'pending', response_time_ms: 4_294_967_295, http_status_code: 599, error_message: '' }),
      attemptOf({ created_at: Date.now() - 29 * 86_400_000, http_status_code: 100 }),
    ];
    const events = [
      eventOf({ data: '0x' }),
      eventOf({ topic0: null, block_number: Number.MAX_SAFE_INTEGER, chain_id: 4_294_967_295 }),
      eventOf({ data: `0x${'9f'.repeat(1024 * 1024)}` }),
    ];
    const again = <R extends AttemptRecord | EventRecord>(records: readonly R[], id: string): R[] =>
      records.map((record) => ({ ...record, id: record.id.replace(/.$/, id) }));
    const allAttempts = [again(attempts, '1'), again(attempts, '2'), again(attempts, '3')];
    const allEvents = [again(events, '1'), again(events, '2'), again(events, '3')];

    for (const record of allAttempts[0] ?? [])
      await stack.add('delivery_attempts', 'record', JSON.stringify(toJson(record)));
    for (const record of allEvents[0] ?? []) await stack.add('events', 'record', JSON.stringify(toJson(record)));
    await stack.addRecords('delivery_attempts', (allAttempts[1] ?? []).map(toJson));
    await stack.addRecords('events', (allEvents[1] ?? []).map(toJson));
    await stack.add('delivery_attempts', 'rowbinary', rowBinaryOf(attemptType, allAttempts[2] ?? []));
    await stack.add('events', 'rowbinary', rowBinaryOf(eventType, allEvents[2] ?? []));
    stack.startWorker();

    await expectStored(allAttempts.flat(), allEvents.flat());
    expect(await stack.deadLetters()).toEqual([]);
  });

  test('an attempt that changes and is repeated within a batch counts once, by its last state', async () => {
    const created_at = Date.now() - 10_000;
    const pending = attemptOf({ status: 'pending', created_at, response_time_ms: null });
    const success: AttemptRecord = { ...pending, status: 'success', response_time_ms: 9, updated_at: created_at + 5 };
    const tied: AttemptRecord = { ...pending, status: 'failed', updated_at: created_at + 5 };
    await stack.addRecords('delivery_attempts', [pending, success, success, tied, pending].map(toJson));
    stack.startWorker();

    await expectStored([pending, success, tied], []);
  });

  test('a pending attempt that succeeds in a later batch counts once, and of an event the earliest stands', async () => {
    const created_at = Date.now() - 10_000;
    const pending = attemptOf({ status: 'pending', created_at });
    const success: AttemptRecord = { ...pending, status: 'success', updated_at: created_at + 5 };
    const event = eventOf({ ingested_at: created_at });
    stack.startWorker();
    await stack.addRecords('delivery_attempts', [toJson(pending)]);
    await stack.addRecords('events', [toJson({ ...event, ingested_at: created_at + 1 })]);
    await stack.drained();
    await stack.addRecords('delivery_attempts', [toJson(success)]);
    await stack.addRecords('events', [toJson(event)]);

    await expectStored([pending, success], [event]);
    await stack.addRecords('delivery_attempts', [toJson(pending)]);
    await stack.addRecords('events', [toJson({ ...event, ingested_at: created_at + 2, data: '0x01' })]);
    await expectStored([pending, success], [event]);
  });

  test('one batch of attempts on more days than ClickHouse takes in one insert', async () => {
    const attempts = Array.from({ length: 101 }, (_, day) => attemptOf({ created_at: Date.now() - day * 86_400_000 }));
    await stack.addRecords('delivery_attempts', attempts.map(toJson));
    stack.startWorker({ ATTEMPTS_RETENTION_DAYS: '400' });
    await stack.drained();

    expect(await stack.attemptsIn('postgres')).toEqual(standingAttempts(attempts));
    expect(await stack.deadLetters()).toEqual([]);
  });
});
