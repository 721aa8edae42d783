import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type AttemptRecord, attemptType } from '../../src/records/attempt.js';
import { STORES } from '../../src/records/migration-phase.js';
import type { StreamName } from '../../src/records/names.js';
import { addDeadLetters } from '../../src/stores/redis/dead-letters.js';
import { createGroup, type GroupMember } from '../../src/stores/redis/entry-group.js';
import {
  attemptOf,
  freshIngestStack,
  type IngestStack,
  rowBinaryOf,
  standingAttempts,
  toJson,
} from '../support/ingest.js';
import { readNew } from '../support/read-new.js';
import { until } from '../support/until.js';

const DAY_MS = 86_400_000;

interface ListedLetter {
  readonly id: string;
  readonly stream: string;
  readonly entry_id: string;
  readonly record_index: number;
  readonly reason: string;
  readonly failed_at: string;
  readonly encoding: BufferEncoding;
  readonly payload: string;
}

describe('the dlq command', () => {
  let stack: IngestStack;

  beforeEach(async () => {
    stack = await freshIngestStack();
  });

  afterEach(() => stack.close());

  const start = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
    spawn(process.execPath, ['dist/src/main.js', ...args], {
      env: { PATH: process.env['PATH'], ...stack.environment, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  async function run(args: readonly string[], environment?: Readonly<Record<string, string>>) {
    const child = start(args, environment);
    const [[code], output, errors] = await Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]);
    return { code, output, errors };
  }

  const dlq = (...args: readonly string[]) => run(['dlq', ...args]);

  async function listed(...args: readonly string[]): Promise<ListedLetter[]> {
    const { code, output } = await dlq('list', '--json', ...args);
    expect(code).toBe(0);
    return JSON.parse(output);
  }

  /** Letters as a worker writes them, one of an entry each, and nothing left on the stream. */
  async function bury(stream: StreamName, payloads: readonly (string | Buffer)[], failedAt = Date.now()) {
    const member: GroupMember = { names: stack.names, stream, group: 'postgres', consumer: 'reader' };
    for (const [index] of payloads.entries()) await stack.add(stream, 'record', '{}', `${failedAt}-${index}`);
    await createGroup(stack.redis, member);
    const entries = await readNew(stack.redis, member, { count: payloads.length, blockMs: 10 });
    const letters = entries.map(({ id }, index) => ({
      entryId: id,
      recordIndex: 0,
      reason: 'status: must be a text',
      payload: Buffer.from(payloads[index] ?? ''),
    }));
    await addDeadLetters(stack.redis, member, letters, failedAt);
    await stack.redis.command('DEL', stack.names.stream(stream));
  }

  const lettersLeft = async (): Promise<number> => Number(await stack.redis.command('XLEN', stack.names.deadLetters));
  const entriesOn = async (stream: StreamName): Promise<number> =>
    Number(await stack.redis.command('XLEN', stack.names.stream(stream)));

  const jsonOf = (attempt: AttemptRecord): string => JSON.stringify(toJson(attempt));

  test('list shows the newest first, of one stream, so many as are asked for', async () => {
    const failedAt = Date.now() - 60_000;
    await bury('events', ['{"first":1}'], failedAt);
    await bury('delivery_attempts', ['second', Buffer.from([0xff, 0xfe]), `\u001b[31m${'x'.repeat(5_000)}`], failedAt);

    const letters = await listed();
    expect(letters.map(({ payload, encoding }) => [encoding, payload.length])).toEqual([
      ['utf8', 5_005],
      ['base64', 4],
      ['utf8', 6],
      ['utf8', 11],
    ]);
    expect(letters.at(-1)).toEqual({
      id: expect.stringMatching(/^\d+-\d+$/),
      stream: stack.names.stream('events'),
      entry_id: `${failedAt}-0`,
      record_index: 0,
      reason: 'status: must be a text',
      failed_at: new Date(failedAt).toISOString(),
      encoding: 'utf8',
      payload: '{"first":1}',
    });
    expect(await listed('--stream', 'events')).toEqual(letters.slice(3));
    expect(await listed('--limit', '2')).toEqual(letters.slice(0, 2));

    const { output } = await dlq('list', '--limit', '3');
    const lines = output.trimEnd().split('\n');
    expect(lines.at(-1)).toBe('The newest 3 dead letters; there are more: --limit shows them.');
    expect(lines[0]).toMatch(/x… \(5005 bytes\)$/);
    expect(output).not.toContain('\u001b');
    expect((await dlq('list')).output).toContain('\n4 dead letters.\n');
  });

  test('purge removes what is selected, and nothing without a selector', async () => {
    const old = Date.now() - 2 * DAY_MS;
    await bury('events', ['a', 'b'], old);
    await bury('delivery_attempts', ['c', 'd'], old);
    await bury('delivery_attempts', ['e', 'f']);
    expect(await dlq('purge')).toMatchObject({ code: 2, errors: expect.stringContaining('--before <time> or --all') });
    expect(await dlq('replay')).toMatchObject({ code: 2, errors: expect.stringContaining('Give --id') });
    expect((await dlq('purge', '--id', 'last')).code).toBe(2);
    expect((await dlq('purge', '--before', 'yesterday')).code).toBe(2);
    expect((await dlq('purge', '--all', '--id', '1-1')).code).toBe(2);
    expect(await lettersLeft()).toBe(6);

    const before = new Date(Date.now() - DAY_MS).toISOString();
    expect(await dlq('purge', '--stream', 'events', '--before', before)).toMatchObject({
      code: 0,
      output: '2 dead letters purged.\n',
    });
    expect(await dlq('purge', '--before', before, '--json')).toMatchObject({ output: '{"purged":2,"missing":[]}\n' });
    const [newest, next] = await listed();
    expect([newest?.payload, next?.payload]).toEqual(['f', 'e']);
    expect((await dlq('purge', '--id', String(newest?.id))).code).toBe(0);
    expect(await dlq('purge', '--id', String(newest?.id), String(next?.id))).toMatchObject({
      code: 1,
      output: '1 dead letter purged.\n',
      errors: expect.stringContaining(`Not there: ${newest?.id}.`),
    });
    expect(await lettersLeft()).toBe(0);
    expect((await dlq('list')).output).toBe('There are no dead letters.\n');
  });

  test('replay stores what Postgres refused, once the row in the way has gone, and stays right in ClickHouse', async () => {
    stack.startWorker();
    const owner = attemptOf();
    const rightful = { ...owner, user_id: attemptOf().user_id };
    await stack.addRecords('delivery_attempts', [owner, rightful].map(toJson));
    await stack.drained();
    const [letter] = await listed();
    expect(letter?.reason).toMatch(/^id: is already used/);

    await stack.postgres.query({ name: 'test', text: 'DELETE FROM delivery_attempts', values: [] });
    expect(await dlq('replay', '--id', String(letter?.id))).toMatchObject({
      code: 0,
      output: '1 dead letter replayed. A record that is still bad becomes a new one: see with dlq list\n',
    });
    await stack.drained();
    expect(await stack.attemptsIn('postgres')).toEqual(standingAttempts([rightful]));
    const both = [owner, rightful].map((attempt) => attemptType.canonicalText(attempt)).sort();
    expect(await stack.attemptsIn('clickhouse')).toEqual(both);
    expect(await lettersLeft()).toBe(0);
    expect((await run(['rollups', 'audit'])).code).toBe(0);
    await stack.expectExactRollups();
  });

  test('replay stores what was too old, as JSON and as rows, once the retention is longer', async () => {
    const stop = stack.startWorker();
    const old = Array.from({ length: 3 }, () => attemptOf({ created_at: Date.now() - 40 * DAY_MS }));
    const fresh = attemptOf();
    await stack.add('delivery_attempts', 'rowbinary', rowBinaryOf(attemptType, [...old.slice(0, 2), fresh]));
    await stack.addRecords('delivery_attempts', old.slice(2).map(toJson));
    await stack.drained();
    expect((await listed()).map(({ encoding }) => encoding)).toEqual(['utf8', 'base64', 'base64']);
    await stop();

    const longer = { ATTEMPTS_RETENTION_DAYS: '60' };
    expect((await run(['migrate', 'up'], longer)).code).toBe(0);
    stack.startWorker(longer);
    expect((await dlq('replay', '--stream', 'events')).output).toMatch(/^0 dead/);
    expect((await dlq('replay', '--stream', 'delivery_attempts', '--json')).output).toBe(
      '{"replayed":3,"missing":[]}\n',
    );
    await stack.drained();
    for (const store of STORES) expect(await stack.attemptsIn(store)).toEqual(standingAttempts([...old, fresh]));
    expect(await lettersLeft()).toBe(0);
    await stack.expectExactRollups();
  });

  test('what is still bad becomes a new dead letter of a new entry, with every byte as it was', async () => {
    stack.startWorker();
    const rows = rowBinaryOf(attemptType, [attemptOf(), attemptOf({ created_at: 0 })]);
    await stack.add('delivery_attempts', 'rowbinary', rows);
    await stack.add('delivery_attempts', 'rowbinary', rows.subarray(0, -1));
    await stack.add('delivery_attempts', 'rowbinary', rows.subarray(7));
    await stack.add('delivery_attempts', 'record', Buffer.from([0x7b, 0xff, 0x7d]));
    await stack.add('delivery_attempts', 'record', '["record", "{}"]');
    await stack.add('delivery_attempts', 'records', `{"id": \n${jsonOf({ ...attemptOf(), attempt_number: 0 })}`);
    await stack.redis.command('XADD', stack.names.stream('delivery_attempts'), '*', 'json', '{}', 'note', 'ü');
    await stack.drained();
    const before = await listed();
    expect(before.map(({ reason }) => reason.split(/[:,]/, 1)[0]).reverse()).toEqual([
      'created_at',
      'rowbinary',
      'rowbinary',
      'record',
      'a record must be a JSON object',
      'records',
      'attempt_number',
      'an entry must have exactly one field of record',
    ]);

    expect((await dlq('replay', '--all')).code).toBe(0);
    await stack.drained();
    const after = await listed();
    // A line of a batch comes back as an entry of its own.
    const content = ({ reason, encoding, payload }: ListedLetter) => [
      reason.replace(/^records:/, 'record:'),
      encoding,
      payload,
    ];
    expect(after.map(content)).toEqual(before.map(content));
    const entries = new Set(before.map(({ entry_id }) => entry_id));
    expect(after.filter(({ entry_id }) => entries.has(entry_id))).toEqual([]);
  });

  test('a letter that its stream does not take stays', async () => {
    await bury('events', ['{}']);
    await stack.redis.command('SET', stack.names.stream('events'), 'not a stream');
    expect(await dlq('replay', '--all')).toMatchObject({
      code: 1,
      output: '',
      errors: expect.stringMatching(/^redis failed: .*WRONGTYPE.*\nIt answers, but refuses this\./),
    });
    expect(await lettersLeft()).toBe(1);
  });

  test('a replay that is killed in the middle has lost nothing and doubled nothing, and the next one goes on', async () => {
    const attempts = Array.from({ length: 600 }, () => attemptOf({ error_message: 'x'.repeat(4_000) }));
    await bury('delivery_attempts', attempts.map(jsonOf));
    expect(await lettersLeft()).toBe(600);
    expect(await listed('--limit', '2000')).toHaveLength(600);

    const child = start(['dlq', 'replay', '--all']);
    const exit = once(child, 'exit');
    await until('the replay is under way', async () => (await entriesOn('delivery_attempts')) > 0);
    child.kill('SIGKILL');
    await exit;
    const done = await entriesOn('delivery_attempts');
    expect(await lettersLeft()).toBe(600 - done);

    expect((await dlq('replay', '--all', '--json')).output).toBe(`{"replayed":${600 - done},"missing":[]}\n`);
    expect([await lettersLeft(), await entriesOn('delivery_attempts')]).toEqual([0, 600]);
    stack.startWorker();
    await stack.drained();
    for (const store of STORES) expect(await stack.attemptsIn(store)).toEqual(standingAttempts(attempts));
    expect(await lettersLeft()).toBe(0);
    await stack.expectExactRollups();
  });
});
