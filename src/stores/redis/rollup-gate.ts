import type { RedisNames } from '../../records/names.js';
import { type RedisDatabase, redisScript } from './database.js';

/** One closing of the gate to batches that touch one day. */
export interface RollupGate {
  /** Start of the UTC day, milliseconds since 1970. */
  readonly day: number;
  /** Names this closing alone. */
  readonly holder: string;
}

/**
 * Keeps batches that touch the day from writing their manifests, for `leaseMs` unless it is extended. Those that have
 * one already are not held. Resolves to false where the gate is closed to a day already.
 */
export async function closeRollupGate(
  redis: RedisDatabase,
  names: RedisNames,
  gate: RollupGate,
  leaseMs: number,
): Promise<boolean> {
  return (await redis.command('SET', names.rollupGate, gateValue(gate), 'NX', 'PX', leaseMs)) === 'OK';
}

const EXTEND = redisScript(
  'extendRollupGate',
  `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`,
);

/** Resolves to whether the gate has been closed ever since this closing; it then stays so for `leaseMs` more. */
export async function extendRollupGate(
  redis: RedisDatabase,
  names: RedisNames,
  gate: RollupGate,
  leaseMs: number,
): Promise<boolean> {
  return (await redis.script(EXTEND, [names.rollupGate], [gateValue(gate), leaseMs])) === 1;
}

const OPEN = redisScript(
  'openRollupGate',
  `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`,
);

/** Lets the batches go on. Does nothing to a gate that somebody else has closed since. */
export async function openRollupGate(redis: RedisDatabase, names: RedisNames, gate: RollupGate): Promise<void> {
  await redis.script(OPEN, [names.rollupGate], [gateValue(gate)]);
}

const TOUCHING = redisScript(
  'batchesTouching',
  `local touching = 0
for _, manifest in ipairs(redis.call('HVALS', KEYS[1])) do
  local days = string.match(manifest, '[^\\n]*$')
  if string.find(' ' .. days .. ' ', ' ' .. ARGV[1] .. ' ', 1, true) then touching = touching + 1 end
end
return touching`,
);

/** How many batches that change the day's statistics have a manifest: they may be being inserted. */
export async function batchesTouching(redis: RedisDatabase, names: RedisNames, day: number): Promise<number> {
  return Number(await redis.script(TOUCHING, [names.manifests('delivery_attempts', 'clickhouse')], [day]));
}

const gateValue = ({ day, holder }: RollupGate): string => `${day} ${holder}`;
