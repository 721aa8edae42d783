import type { RedisNames, StreamName } from '../../records/names.js';
import { EVEN_WHEN_FULL, type RedisDatabase, redisScript } from './database.js';

/** A record that no store can take, and why. */
export interface DeadLetter {
  readonly entryId: string;
  /** The record's place among those of its entry; 0 where the entry as a whole cannot be read. */
  readonly recordIndex: number;
  /** Names the field. */
  readonly reason: string;
  /** The record's bytes as they came. */
  readonly payload: Buffer;
}

const LETTERS_PER_CALL = 500;
const BYTES_PER_CALL = 8 * 1024 * 1024;

const ADD = redisScript(
  'addDeadLetters',
  `${EVEN_WHEN_FULL}local added = 0
for i = 3, #ARGV, 5 do
  if redis.call('ZADD', KEYS[2], 'NX', ARGV[i + 2], ARGV[i] .. '/' .. ARGV[i + 1]) == 1 then
    redis.call('XADD', KEYS[1], '*', 'stream', ARGV[1], 'entry_id', ARGV[i], 'record_index', ARGV[i + 1],
      'reason', ARGV[i + 3], 'payload', ARGV[i + 4], 'failed_at', ARGV[2])
    added = added + 1
  end
end
redis.call('HINCRBY', KEYS[3], ARGV[1], added)
return added`,
);

/**
 * Adds dead letters, leaving out those that are there already: each group that reads a bad record finds it.
 * `now` is milliseconds since 1970. Resolves to how many were new. Harmless when repeated.
 */
export async function addDeadLetters(
  redis: RedisDatabase,
  names: RedisNames,
  stream: StreamName,
  letters: readonly DeadLetter[],
  now: number,
): Promise<number> {
  const keys = [names.deadLetters, names.deadLetterMarks(stream), names.deadLetterCounts];
  const head = [names.stream(stream), new Date(now).toISOString()];
  let added = 0;
  for (const part of partsOf(letters)) {
    const args = part.flatMap(({ entryId, recordIndex, reason, payload }) => [
      entryId,
      recordIndex,
      entryId.slice(0, entryId.indexOf('-')),
      reason,
      payload,
    ]);
    added += Number(await redis.script(ADD, keys, [...head, ...args]));
  }
  return added;
}

/** Split so that no call is too large. */
function partsOf(letters: readonly DeadLetter[]): DeadLetter[][] {
  const parts: DeadLetter[][] = [];
  let part: DeadLetter[] = [];
  let bytes = 0;
  for (const letter of letters) {
    if (part.length === LETTERS_PER_CALL || (part.length > 0 && bytes + letter.payload.length > BYTES_PER_CALL)) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(letter);
    bytes += letter.payload.length;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}
