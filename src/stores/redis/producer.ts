import type { AttemptRecord } from '../../records/attempt.js';
import type { EventRecord } from '../../records/event.js';
import { type RedisNames, STREAMS, type StreamName } from '../../records/names.js';
import { type RedisDatabase, redisScript } from './database.js';

/** Records on their way to the two streams. */
export interface Traffic {
  readonly events: readonly EventRecord[];
  readonly attempts: readonly AttemptRecord[];
}

const RECORDS_PER_ENTRY = 250;

/** KEYS: the streams, the producers. ARGV: a producer, its sequence number, then stream, field and value of each entry. */
const ADD_IN_SEQUENCE = redisScript(
  'add_in_sequence',
  `local producers = KEYS[#KEYS]
  local last = redis.call('HGET', producers, ARGV[1])
  if last and tonumber(last) >= tonumber(ARGV[2]) then return 0 end
  redis.call('HSET', producers, ARGV[1], ARGV[2])
  for i = 3, #ARGV, 3 do redis.call('XADD', KEYS[tonumber(ARGV[i])], '*', ARGV[i + 1], ARGV[i + 2]) end
  return 1`,
);

/** Redis' own `lag` of a group is not asked: it may be wrong for good once Redis has started again from its file. */
const IS_TAKEN_IN = redisScript(
  'is_taken_in',
  `for _, key in ipairs(KEYS) do
    if redis.call('XLEN', key) > 0 then
      local groups = redis.call('XINFO', 'GROUPS', key)
      if #groups == 0 then return 0 end
      for _, fields in ipairs(groups) do
        local group = {}
        for i = 1, #fields, 2 do group[fields[i]] = fields[i + 1] end
        if group['pending'] > 0 then return 0 end
        if #redis.call('XRANGE', key, '(' .. group['last-delivered-id'], '+', 'COUNT', 1) > 0 then return 0 end
      end
    end
  end
  return 1`,
);

/**
 * Puts records on the streams in the forms that producers use: `record` for one, `records` for a batch. What it adds
 * is numbered, and a number is added once: after a lost reply or a kill the same call may be made again.
 */
export class StreamProducer {
  readonly #redis: RedisDatabase;
  readonly #names: RedisNames;

  constructor(redis: RedisDatabase, names: RedisNames) {
    this.#redis = redis;
    this.#names = names;
  }

  /**
   * Adds all of the records, events first, or none: none where this producer has added under this number, or a higher
   * one, before. Resolves to whether they were added now. Fails with an UpstreamError.
   */
  async add(producer: string, sequence: number, traffic: Traffic): Promise<boolean> {
    const entries = entriesOf(traffic).flatMap(({ stream, field, value }) => [
      STREAMS.indexOf(stream) + 1,
      field,
      value,
    ]);
    const keys = [...STREAMS.map((stream) => this.#names.stream(stream)), this.#names.producers];
    return (await this.#redis.script(ADD_IN_SEQUENCE, keys, [producer, sequence, ...entries])) === 1;
  }

  /** The number that a producer added under last; 0 before its first. */
  async lastSequence(producer: string): Promise<number> {
    return Number((await this.#redis.command('HGET', this.#names.producers, producer)) ?? 0);
  }

  /** For a producer that will not add any more. */
  async forget(producer: string): Promise<void> {
    await this.#redis.command('HDEL', this.#names.producers, producer);
  }

  /** Entries on the longer of the streams. A worker trims off what every group has finished, every two seconds. */
  async length(): Promise<number> {
    const lengths = await Promise.all(STREAMS.map((stream) => this.#redis.command('XLEN', this.#names.stream(stream))));
    return Math.max(...lengths.map(Number));
  }

  /** Whether every group of either stream has acknowledged all there is; while there is no group, nobody has. */
  async isTakenIn(): Promise<boolean> {
    const keys = STREAMS.map((stream) => this.#names.stream(stream));
    return (await this.#redis.script(IS_TAKEN_IN, keys, [])) === 1;
  }
}

interface Entry {
  readonly stream: StreamName;
  readonly field: 'record' | 'records';
  readonly value: string;
}

function entriesOf({ events, attempts }: Traffic): Entry[] {
  return [...entriesOn('events', events.map(eventJson)), ...entriesOn('delivery_attempts', attempts.map(attemptJson))];
}

function entriesOn(stream: StreamName, records: readonly string[]): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at < records.length; at += RECORDS_PER_ENTRY) {
    const batch = records.slice(at, at + RECORDS_PER_ENTRY);
    entries.push({ stream, field: batch.length === 1 ? 'record' : 'records', value: batch.join('\n') });
  }
  return entries;
}

const eventJson = (event: EventRecord): string =>
  JSON.stringify({
    ...event,
    ingested_at: new Date(event.ingested_at).toISOString(),
    created_at: new Date(event.created_at).toISOString(),
  });

const attemptJson = (attempt: AttemptRecord): string =>
  JSON.stringify({
    ...attempt,
    created_at: new Date(attempt.created_at).toISOString(),
    updated_at: new Date(attempt.updated_at).toISOString(),
  });
