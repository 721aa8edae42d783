import type { Store } from '../../records/migration-phase.js';
import type { RedisNames, StreamName } from '../../records/names.js';
import { type RedisDatabase, redisScript } from './database.js';

/**
 * The oldest entry to keep is the oldest that is pending in any group, or the last one delivered where none is pending.
 * A group that should be there and is not has finished nothing.
 */
const TRIM = redisScript(
  'trimStream',
  `if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local missing = {}
for i = 1, #ARGV do missing[ARGV[i]] = true end
local keep, keepTime, keepSequence
for _, fields in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = {}
  for i = 1, #fields, 2 do group[fields[i]] = fields[i + 1] end
  missing[group['name']] = nil
  local id = group['last-delivered-id']
  if group['pending'] > 0 then id = redis.call('XPENDING', KEYS[1], group['name'])[2] end
  local time, sequence = string.match(id, '(%d+)-(%d+)')
  time, sequence = tonumber(time), tonumber(sequence)
  if not keep or time < keepTime or (time == keepTime and sequence < keepSequence) then
    keep, keepTime, keepSequence = id, time, sequence
  end
end
if next(missing) or not keep then return 0 end
local time = string.match(keep, '%d+')
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. time)
return redis.call('XTRIM', KEYS[1], 'MINID', '=', keep)`,
);

/**
 * Trims a stream behind what every group on it has finished, together with the marks of the dead letters there.
 * Does nothing while one of `groups` is missing. Resolves to how many entries went.
 */
export async function trimStream(
  redis: RedisDatabase,
  names: RedisNames,
  stream: StreamName,
  groups: readonly Store[],
): Promise<number> {
  return Number(await redis.script(TRIM, [names.stream(stream), names.deadLetterMarks(stream)], groups));
}
