import type { RedisNames } from '../../records/names.js';
import { type RedisDatabase, redisScript } from './database.js';

/** The first request opens the window; a key without an end would never open again, so one is given to it. */
const TAKE = redisScript(
  'takeRequests',
  `local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('SET', KEYS[1], 0, 'PX', ARGV[3])
  left = tonumber(ARGV[3])
end
local granted = math.min(tonumber(ARGV[1]), tonumber(ARGV[2]) - tonumber(redis.call('GET', KEYS[1])))
if granted <= 0 then return {0, left} end
redis.call('INCRBY', KEYS[1], granted)
return {granted, left}`,
);

interface Quota {
  /** A user's id, or the address of somebody without a token. */
  readonly asker: string;
  /** How many requests are asked for now. */
  readonly amount: number;
  /** Of all gateways together, in a window. */
  readonly limit: number;
  readonly windowMs: number;
}

/** Takes requests off what an asker has left in the present window: as many as asked for, fewer, or none. */
export async function takeRequests(
  redis: RedisDatabase,
  names: RedisNames,
  { asker, amount, limit, windowMs }: Quota,
): Promise<{ granted: number; windowEndsInMs: number }> {
  const reply = await redis.script(TAKE, [names.requestQuota(asker)], [amount, limit, windowMs]);
  const [granted, windowEndsInMs] = Array.isArray(reply) ? reply.map(Number) : [];
  if (granted === undefined || windowEndsInMs === undefined) throw new Error('takeRequests: an unexpected reply');
  return { granted, windowEndsInMs };
}
