import { EVEN_WHEN_FULL, type RedisDatabase, redisScript } from './database.js';
import type { GroupMember } from './entry-group.js';

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
  `${EVEN_WHEN_FULL}local added, lost = 0, 0
local function owns(id)
  local pending = redis.pcall('XPENDING', KEYS[4], ARGV[2], id, id, 1, ARGV[3])
  return not pending.err and #pending == 1
end
for i = 4, #ARGV, 5 do
  if not owns(ARGV[i]) then
    lost = lost + 1
  elseif redis.call('ZADD', KEYS[2], 'NX', ARGV[i + 2], ARGV[i] .. '/' .. ARGV[i + 1]) == 1 then
    redis.call('XADD', KEYS[1], '*', 'stream', KEYS[4], 'entry_id', ARGV[i], 'record_index', ARGV[i + 1],
      'reason', ARGV[i + 3], 'payload', ARGV[i + 4], 'failed_at', ARGV[1])
    added = added + 1
  end
end
redis.call('HINCRBY', KEYS[3], KEYS[4], added)
return {added, lost}`,
);

/** What has become of dead letters. */
interface Burial {
  /** How many were new: each group that reads a bad record finds it. */
  readonly added: number;
  /** How many were left out, since their entries are no longer this consumer's. */
  readonly lost: number;
}

/**
 * Adds dead letters, leaving out those that are there already. Those of an entry that another consumer has taken over
 * are that one's to write: it may have done so, and finished, so long ago that nothing is known of it here any more.
 * `now` is milliseconds since 1970. Harmless when repeated.
 */
export async function addDeadLetters(
  redis: RedisDatabase,
  { names, stream, group, consumer }: GroupMember,
  letters: readonly DeadLetter[],
  now: number,
): Promise<Burial> {
  const keys = [names.deadLetters, names.deadLetterMarks(stream), names.deadLetterCounts, names.stream(stream)];
  const head = [new Date(now).toISOString(), group, consumer];
  const total = { added: 0, lost: 0 };
  for (const part of partsOf(letters)) {
    const args = part.flatMap(({ entryId, recordIndex, reason, payload }) => [
      entryId,
      recordIndex,
      entryId.slice(0, entryId.indexOf('-')),
      reason,
      payload,
    ]);
    const [added, lost] = (await redis.script(ADD, keys, [...head, ...args])) as [number, number];
    total.added += added;
    total.lost += lost;
  }
  return total;
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
