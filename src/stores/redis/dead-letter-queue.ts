import { UserError } from '../../platform/errors.js';
import { type RedisNames, STREAMS, type StreamName } from '../../records/names.js';
import { type RedisDatabase, redisScript } from './database.js';
import { replayedFields } from './dead-letter-entry.js';
import type { DeadLetter } from './dead-letters.js';

/** A dead letter as its stream holds it. */
export interface StoredLetter extends DeadLetter {
  /** Its own id in the stream of dead letters. */
  readonly id: string;
  /** The key of the stream that the record arrived on. */
  readonly stream: string;
  /** RFC 3339. */
  readonly failedAt: string;
}

/** Which letters are meant: those that all of these hold for. */
export interface LetterSelection {
  readonly ids?: readonly string[];
  readonly stream?: StreamName;
  /** Milliseconds since 1970. */
  readonly failedBefore?: number;
}

/** Few, since a payload may be a whole batch of a producer. */
const LETTERS_PER_READ = 25;

/**
 * The selected letters in the order asked for; ids in their own order. What becomes a dead letter meanwhile is left out,
 * so that a replay meets no letter of its own making.
 */
export async function* selectedLetters(
  redis: RedisDatabase,
  names: RedisNames,
  { ids, stream, failedBefore = Number.POSITIVE_INFINITY }: LetterSelection,
  order: 'oldest first' | 'newest first',
): AsyncGenerator<StoredLetter> {
  const key = stream === undefined ? null : names.stream(stream);
  for await (const letter of ids === undefined ? allLetters(redis, names, order) : lettersOf(redis, names, ids)) {
    if (key !== null && letter.stream !== key) continue;
    // A time that cannot be read is before none.
    if (failedBefore === Number.POSITIVE_INFINITY || Date.parse(letter.failedAt) < failedBefore) yield letter;
  }
}

async function* lettersOf(
  redis: RedisDatabase,
  names: RedisNames,
  ids: readonly string[],
): AsyncGenerator<StoredLetter> {
  for (const id of new Set(ids)) yield* await read(redis, 'XRANGE', names, id, id, 1);
}

async function* allLetters(
  redis: RedisDatabase,
  names: RedisNames,
  order: 'oldest first' | 'newest first',
): AsyncGenerator<StoredLetter> {
  const [newest] = await read(redis, 'XREVRANGE', names, '+', '-', 1);
  if (newest === undefined) return;
  const [command, first, end] =
    order === 'oldest first' ? (['XRANGE', '-', newest.id] as const) : (['XREVRANGE', newest.id, '-'] as const);
  for (let from: string = first; ; ) {
    const letters = await read(redis, command, names, from, end, LETTERS_PER_READ);
    yield* letters;
    const last = letters.at(-1);
    if (last === undefined || letters.length < LETTERS_PER_READ) return;
    from = `(${last.id}`;
  }
}

const REPLAY = redisScript(
  'replayDeadLetter',
  `if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then return false end
local entry = redis.call('XADD', KEYS[2], '*', unpack(ARGV, 2))
redis.call('XDEL', KEYS[1], ARGV[1])
redis.call('HINCRBY', KEYS[3], KEYS[2], -1)
return entry`,
);

/**
 * Puts what a letter holds back onto its stream and removes the letter, in one step: neither is there without the other.
 * Resolves to the new entry's id, or to null where the letter is gone already. The mark of the old entry stays, so that
 * a group that reads that entry only now does not bring the letter back.
 */
export async function replayLetter(
  redis: RedisDatabase,
  names: RedisNames,
  letter: StoredLetter,
): Promise<string | null> {
  const stream = STREAMS.find((known) => names.stream(known) === letter.stream);
  if (stream === undefined) {
    throw new UserError(
      `The dead letter ${letter.id} is of the stream "${letter.stream}", which is none of this installation's ` +
        `(${STREAMS.map((known) => names.stream(known)).join(', ')}).\nSee that STREAM_PREFIX is right; purge the letter ` +
        `with: ethhook-analytics dlq purge --id ${letter.id}`,
    );
  }
  const keys = [names.deadLetters, letter.stream, names.deadLetterCounts];
  const entry = await redis.script(REPLAY, keys, [letter.id, ...replayedFields(stream, letter)]);
  return entry === null ? null : String(entry);
}

const REMOVE = redisScript(
  'removeDeadLetter',
  `local removed = redis.call('XDEL', KEYS[1], ARGV[1])
if removed == 1 then redis.call('HINCRBY', KEYS[2], ARGV[2], -1) end
return removed`,
);

/** Removes one letter for good. Resolves to whether it was there. Its mark stays, as after a replay. */
export const removeLetter = async (
  redis: RedisDatabase,
  names: RedisNames,
  { id, stream }: Pick<StoredLetter, 'id' | 'stream'>,
): Promise<boolean> => (await redis.script(REMOVE, [names.deadLetters, names.deadLetterCounts], [id, stream])) === 1;

async function read(
  redis: RedisDatabase,
  command: 'XRANGE' | 'XREVRANGE',
  names: RedisNames,
  from: string,
  to: string,
  count: number,
): Promise<StoredLetter[]> {
  const reply = await redis.commandBuffer(command, names.deadLetters, from, to, 'COUNT', count);
  return (reply as readonly (readonly [Buffer, readonly Buffer[]])[]).map(([id, fields]) => storedLetter(id, fields));
}

function storedLetter(id: Buffer, fields: readonly Buffer[]): StoredLetter {
  const values = new Map<string, Buffer>();
  for (let at = 0; at + 1 < fields.length; at += 2) values.set(String(fields[at]), fields[at + 1] ?? Buffer.of());
  const text = (name: string): string => values.get(name)?.toString('utf8') ?? '';
  return {
    id: id.toString('latin1'),
    stream: text('stream'),
    entryId: text('entry_id'),
    recordIndex: Number(text('record_index')),
    reason: text('reason'),
    payload: values.get('payload') ?? Buffer.of(),
    failedAt: text('failed_at'),
  };
}
