import type { RedisNames } from '../../records/names.js';
import { EVEN_WHEN_FULL, type RedisDatabase, redisScript } from './database.js';
import type { GroupMember } from './entry-group.js';

const SHOW_LIFE = redisScript('showLife', `${EVEN_WHEN_FULL}redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])`);

/** Says that a worker is alive, for the next `ttlMs`. */
export async function showLife(
  redis: RedisDatabase,
  names: RedisNames,
  consumer: string,
  ttlMs: number,
): Promise<void> {
  await redis.script(SHOW_LIFE, [names.worker(consumer)], [ttlMs]);
}

/** Says that a worker has stopped. */
export async function endLife(redis: RedisDatabase, names: RedisNames, consumer: string): Promise<void> {
  await redis.command('DEL', names.worker(consumer));
}

/** The consumers of the member's group, this one among them. */
export async function consumersOf(redis: RedisDatabase, { names, stream, group }: GroupMember): Promise<string[]> {
  const consumers = (await redis.command('XINFO', 'CONSUMERS', names.stream(stream), group)) as unknown[][];
  return consumers.map((fields) => String(fields[fields.indexOf('name') + 1]));
}

/** Those of the consumers whose workers show no sign of life. */
export async function deadAmong(
  redis: RedisDatabase,
  names: RedisNames,
  consumers: readonly string[],
): Promise<string[]> {
  if (consumers.length === 0) return [];
  const signs = (await redis.command('MGET', ...consumers.map((consumer) => names.worker(consumer)))) as unknown[];
  return consumers.filter((_consumer, index) => signs[index] === null);
}

const CLAIM = redisScript(
  'claimPending',
  `if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
local manifests = redis.call('HVALS', KEYS[2])
for i = 1, #manifests do
  if string.match(manifests[i], '^[^\\n]*') == ARGV[3] then return 0 end
end
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1000, ARGV[3])
if #pending == 0 then
  redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[3])
  return 0
end
local ids = {}
for i = 1, #pending do ids[i] = pending[i][1] end
ids[#ids + 1] = 'JUSTID'
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, unpack(ids))
return #pending`,
);

/**
 * Makes up to 1,000 pending entries of a dead consumer this one's, and removes the consumer once it has none left.
 * Does nothing while it owns a manifest, whose entries belong to that batch. Resolves to how many were claimed.
 */
export async function claimPending(redis: RedisDatabase, member: GroupMember, dead: string): Promise<number> {
  const { names, stream, group, consumer } = member;
  const keys = [names.stream(stream), names.manifests(stream, group), names.worker(dead)];
  return Number(await redis.script(CLAIM, keys, [group, consumer, dead]));
}

const LEAVE = redisScript(
  'leaveGroup',
  `local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2])
if not pending.err and #pending == 0 then redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2]) end`,
);

/** Removes this consumer from its group, unless entries of it are pending: another worker takes those over. */
export async function leaveGroup(redis: RedisDatabase, { names, stream, group, consumer }: GroupMember): Promise<void> {
  await redis.script(LEAVE, [names.stream(stream)], [group, consumer]);
}
