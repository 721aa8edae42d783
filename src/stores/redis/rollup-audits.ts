import type { RedisNames } from '../../records/names.js';
import { type RedisDatabase, redisScript } from './database.js';

/** What is known of a day since its last audit. */
export interface AuditedDay {
  /** Of the state that was found right; empty where there is none. */
  readonly mark: string;
  /** Milliseconds since 1970. */
  readonly auditedAt: number;
}

const TAKE = redisScript(
  'takeRollupAudit',
  `local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`,
);

/** Makes this the one audit that runs, for `leaseMs` from now. Resolves to false while it is somebody else's. */
export async function takeRollupAudit(
  redis: RedisDatabase,
  names: RedisNames,
  holder: string,
  leaseMs: number,
): Promise<boolean> {
  return (await redis.script(TAKE, [names.rollupAudit], [holder, leaseMs])) === 1;
}

const END = redisScript(
  'endRollupAudit',
  `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`,
);

export async function endRollupAudit(redis: RedisDatabase, names: RedisNames, holder: string): Promise<void> {
  await redis.script(END, [names.rollupAudit], [holder]);
}

/** By the start of the day. To lose it only means to audit every day again. */
export async function auditedDays(redis: RedisDatabase, names: RedisNames): Promise<Map<number, AuditedDay>> {
  const flat = (await redis.command('HGETALL', names.rollupMarks)) as string[];
  const days = new Map<number, AuditedDay>();
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const [mark = '', auditedAt] = (flat[at + 1] ?? '').split(' ');
    days.set(Number(flat[at]), { mark, auditedAt: Number(auditedAt) });
  }
  return days;
}

export async function noteAuditedDay(
  redis: RedisDatabase,
  names: RedisNames,
  day: number,
  { mark, auditedAt }: AuditedDay,
): Promise<void> {
  await redis.command('HSET', names.rollupMarks, day, `${mark} ${auditedAt}`);
}

/** For days whose tables are gone. */
export async function forgetAuditedDay(redis: RedisDatabase, names: RedisNames, day: number): Promise<void> {
  await redis.command('HDEL', names.rollupMarks, day);
  await redis.command('HDEL', names.rollupMends, `hourly ${day}`, `daily ${day}`);
}

const MEND_NUMBER = redisScript(
  'mendNumber',
  `redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
return redis.call('HGET', KEYS[1], ARGV[1])`,
);

/**
 * The number of the mend that is to be made next: the same for everyone until it is noted as made, so that of several
 * auditors who make it, one of them late, a single one is counted. `now` (milliseconds since 1970) is where numbers
 * begin: above those used before Redis lost its data.
 */
export async function mendNumber(
  redis: RedisDatabase,
  names: RedisNames,
  grainAndDay: string,
  now: number,
): Promise<number> {
  return Number(await redis.script(MEND_NUMBER, [names.rollupMends], [grainAndDay, now]));
}

const NOTE_MEND = redisScript(
  'noteMend',
  `if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HINCRBY', KEYS[1], ARGV[1], 1) end`,
);

/** Notes that the mend with this number was made, by this caller or another. */
export async function noteMend(
  redis: RedisDatabase,
  names: RedisNames,
  grainAndDay: string,
  number: number,
): Promise<void> {
  await redis.script(NOTE_MEND, [names.rollupMends], [grainAndDay, number]);
}
