import { type RedisDatabase, redisScript } from './database.js';
import type { GroupMember } from './entry-group.js';

/** How far a group has come on a stream. */
export interface GroupFigures {
  /** Entries that no consumer of the group was given yet: all there are, where there is no group. */
  readonly lag: number;
  /** Entries given to a consumer and not acknowledged. */
  readonly pending: number;
  /** The time in the id of the oldest of those, milliseconds since 1970; null where none is pending. */
  readonly oldestPendingAt: number | null;
  /** When the group last committed a batch, milliseconds since 1970; null where it never has. */
  readonly lastCommittedAt: number | null;
}

const FIGURES = redisScript(
  'groupFigures',
  `local committed = redis.call('HGET', KEYS[2], ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 0 then return {0, '0-0', false, 0, false, committed} end
local length = redis.call('XLEN', KEYS[1])
for _, fields in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = {}
  for i = 1, #fields, 2 do group[fields[i]] = fields[i + 1] end
  if group['name'] == ARGV[1] then
    local oldest = false
    if group['pending'] > 0 then oldest = redis.call('XPENDING', KEYS[1], ARGV[1])[2] end
    return {length, group['last-delivered-id'], group['lag'] or false, group['pending'], oldest, committed}
  end
end
return {length, '0-0', false, 0, false, committed}`,
);

/** Few at a time, since Redis copies what they hold. */
const COUNT = redisScript(
  'countEntries',
  `local from, counted = ARGV[1], 0
repeat
  local entries = redis.call('XRANGE', KEYS[1], from, ARGV[2], 'COUNT', 10)
  counted = counted + #entries
  if #entries > 0 then from = '(' .. entries[#entries][1] end
until #entries < 10 or counted >= 1000
return {counted, from}`,
);

/** Entries counted from either end. A group is near the one when it has kept up, near the other when others wait for it. */
const COUNTED_AT_MOST = 100_000;

/**
 * The figures of a group. Redis' own lag is nil after an XDEL, and wrong after an XTRIM or once Redis has started again
 * from its file: entries are counted instead, and it is believed only of a group that is far from both ends.
 * Fails with an UpstreamError.
 */
export async function groupFigures(
  redis: RedisDatabase,
  { names, stream, group }: Omit<GroupMember, 'consumer'>,
): Promise<GroupFigures> {
  const keys = [names.stream(stream), names.lastCommitted(stream)];
  const [length, delivered, reported, pending, oldest, committed] = (await redis.script(FIGURES, keys, [
    group,
  ])) as readonly [number, string, number | null, number, string | null, string | null];
  return {
    lag: await lagOf(redis, names.stream(stream), { length, delivered, reported }),
    pending,
    oldestPendingAt: oldest === null ? null : Number(oldest.slice(0, oldest.indexOf('-'))),
    lastCommittedAt: committed === null ? null : Number(committed),
  };
}

interface Progress {
  /** Entries on the stream. */
  readonly length: number;
  /** The id of the last entry that was delivered. */
  readonly delivered: string;
  readonly reported: number | null;
}

async function lagOf(redis: RedisDatabase, key: string, { length, delivered, reported }: Progress): Promise<number> {
  const waiting = new EntryCount(redis, key, `(${delivered}`, '+');
  const finished = new EntryCount(redis, key, '-', delivered);
  while (waiting.counted < COUNTED_AT_MOST) {
    if (await waiting.goOn()) return waiting.counted;
    if (await finished.goOn()) return Math.max(0, length - finished.counted);
  }
  return Math.min(reported ?? length, length);
}

/** A count of the entries in a range, some at a time. */
class EntryCount {
  counted = 0;

  constructor(
    private readonly redis: RedisDatabase,
    private readonly key: string,
    private from: string,
    private readonly to: string,
  ) {}

  /** Counts on, up to 1,000 more. Resolves to whether all are counted. */
  async goOn(): Promise<boolean> {
    const [counted, from] = (await this.redis.script(COUNT, [this.key], [this.from, this.to])) as [number, string];
    this.counted += counted;
    this.from = from;
    return counted < 1_000;
  }
}
