import { type RedisNames, STREAMS, type StreamName } from '../../records/names.js';
import { type RedisDatabase, redisScript } from './database.js';

/** The counts are kept by whoever adds and removes letters; letters changed by hand are counted anew. */
const COUNTS = redisScript(
  'deadLetterCounts',
  `local counted = 0
for _, count in ipairs(redis.call('HVALS', KEYS[2])) do counted = counted + count end
if counted ~= redis.call('XLEN', KEYS[1]) then
  redis.call('DEL', KEYS[2])
  local from = '-'
  repeat
    local letters = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 10)
    for _, letter in ipairs(letters) do
      local stream = ''
      for i = 1, #letter[2], 2 do
        if letter[2][i] == 'stream' then stream = letter[2][i + 1] end
      end
      redis.call('HINCRBY', KEYS[2], stream, 1)
      from = '(' .. letter[1]
    end
  until #letters == 0
end
return redis.call('HMGET', KEYS[2], unpack(ARGV))`,
);

/** How many dead letters there are of each stream. Fails with an UpstreamError. */
export async function deadLetterCounts(redis: RedisDatabase, names: RedisNames): Promise<Record<StreamName, number>> {
  const keys = [names.deadLetters, names.deadLetterCounts];
  const streams = STREAMS.map((stream) => names.stream(stream));
  const [events = 0, attempts = 0] = ((await redis.script(COUNTS, keys, streams)) as unknown[]).map(Number);
  return { events, delivery_attempts: attempts };
}
