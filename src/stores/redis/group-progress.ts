import type { Store } from '../../records/migration-phase.js';
import { type RedisNames, STREAMS, type StreamName } from '../../records/names.js';
import { type RedisDatabase, redisScript } from './database.js';

/** The id of the last entry that each stream has been given; one that has had none is left out. */
export type StreamEnds = ReadonlyMap<StreamName, string>;

const END = redisScript(
  'streamEnd',
  `if redis.call('EXISTS', KEYS[1]) == 0 then return false end
local fields = redis.call('XINFO', 'STREAM', KEYS[1])
for i = 1, #fields, 2 do
  if fields[i] == 'last-generated-id' then return fields[i + 1] end
end`,
);

export async function streamEnds(redis: RedisDatabase, names: RedisNames): Promise<StreamEnds> {
  const ends = new Map<StreamName, string>();
  for (const stream of STREAMS) {
    const end = await redis.script(END, [names.stream(stream)], []);
    if (typeof end === 'string' && end !== '0-0') ends.set(stream, end);
  }
  return ends;
}

/** A group that is not there has finished nothing. A stream that is not there has nothing to finish. */
const FINISHED = redisScript(
  'groupFinished',
  `if redis.call('EXISTS', KEYS[1]) == 0 then return 1 end
local function notAfter(left, right)
  local a, b = string.match(left, '(%d+)-(%d+)')
  local c, d = string.match(right, '(%d+)-(%d+)')
  a, b, c, d = tonumber(a), tonumber(b), tonumber(c), tonumber(d)
  return a < c or (a == c and b <= d)
end
for _, fields in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = {}
  for i = 1, #fields, 2 do group[fields[i]] = fields[i + 1] end
  if group['name'] == ARGV[1] then
    if not notAfter(ARGV[2], group['last-delivered-id']) then return 0 end
    if group['pending'] == 0 then return 1 end
    return notAfter(redis.call('XPENDING', KEYS[1], ARGV[1])[2], ARGV[2]) and 0 or 1
  end
end
return 0`,
);

/** Whether a group has finished every entry up to these ends. */
export async function hasFinished(
  redis: RedisDatabase,
  names: RedisNames,
  group: Store,
  ends: StreamEnds,
): Promise<boolean> {
  for (const [stream, end] of ends) {
    if ((await redis.script(FINISHED, [names.stream(stream)], [group, end])) !== 1) return false;
  }
  return true;
}

const EXISTS = redisScript(
  'groupExists',
  `if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
for _, fields in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  for i = 1, #fields, 2 do
    if fields[i] == 'name' and fields[i + 1] == ARGV[1] then return 1 end
  end
end
return 0`,
);

/** The streams on which a group is there. */
export async function streamsWithGroup(redis: RedisDatabase, names: RedisNames, group: Store): Promise<StreamName[]> {
  const found: StreamName[] = [];
  for (const stream of STREAMS) {
    if ((await redis.script(EXISTS, [names.stream(stream)], [group])) === 1) found.push(stream);
  }
  return found;
}
