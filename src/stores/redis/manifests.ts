import { EVEN_WHEN_FULL, type RedisDatabase, redisScript } from './database.js';
import type { GroupMember } from './entry-group.js';
import { EntryIds } from './entry-ids.js';

/**
 * What has to be known of a batch to insert the very same rows under the same token once more. It is kept as four
 * lines: the consumer that owns it, the entries' ids, the skipped positions, the days.
 */
export interface Manifest {
  readonly token: string;
  readonly entryIds: EntryIds;
  /** Pairs of an entry's place in `entryIds` and a record's index in it: the records that are not inserted. */
  readonly skipped: readonly number[];
  /** Starts of the UTC days whose statistics it changes, milliseconds since 1970: what a closed gate is judged by. */
  readonly days: readonly number[];
}

/** Written; or not, since another consumer owns some of the entries; or not yet, since one of the days is held. */
export type ManifestOutcome = 'written' | 'lost' | 'held';

const WRITE = redisScript(
  'writeManifest',
  `${EVEN_WHEN_FULL}local gate = redis.call('GET', KEYS[3])
if gate and redis.call('HEXISTS', KEYS[2], ARGV[3]) == 0 then
  if string.find(' ' .. ARGV[6] .. ' ', ' ' .. string.match(gate, '^%d+') .. ' ', 1, true) then return 'held' end
end
local function ownsAsManyAsInHand()
  if ARGV[7] == '' then return false end
  local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
  for _, fields in ipairs(consumers) do
    local consumer = {}
    for i = 1, #fields, 2 do consumer[fields[i]] = fields[i + 1] end
    if consumer['name'] == ARGV[2] then return consumer['pending'] == tonumber(ARGV[7]) end
  end
  return false
end
if not ownsAsManyAsInHand() then
  local ids = {}
  for id in string.gmatch(ARGV[4], '%S+') do ids[#ids + 1] = id end
  local owned = redis.pcall('XPENDING', KEYS[1], ARGV[1], ids[1], ids[#ids], 1000000000, ARGV[2])
  if owned.err then
    if string.sub(owned.err, 1, 7) == 'NOGROUP' then return 'lost' end
    return owned
  end
  local found = 0
  for _, entry in ipairs(owned) do
    if entry[1] == ids[found + 1] then found = found + 1 end
  end
  if found < #ids then return 'lost' end
end
redis.call('HSET', KEYS[2], ARGV[3], ARGV[2] .. '\\n' .. ARGV[4] .. '\\n' .. ARGV[5] .. '\\n' .. ARGV[6])
return 'written'`,
);

/**
 * Writes a manifest, unless this consumer no longer owns every entry of it, or the gate is closed to one of its days.
 * One that is there already is past the gate.
 *
 * `inHand` spares looking at each entry: how many this consumer knows that it was given and has not acknowledged, with
 * nothing being read or claimed for it meanwhile. What is pending under it can then only be some of these, so that it
 * owns all of them where their number is the same.
 */
export async function writeManifest(
  redis: RedisDatabase,
  member: GroupMember,
  { token, entryIds, skipped, days }: Manifest,
  inHand?: number,
): Promise<ManifestOutcome> {
  const keys = [...keysOf(member), member.names.rollupGate];
  const args = [member.group, member.consumer, token, entryIds.text(), skipped.join(' '), days.join(' '), inHand ?? ''];
  return (await redis.script(WRITE, keys, args)) as ManifestOutcome;
}

const ENTRIES_PER_ACKNOWLEDGEMENT = 1_000;

const FINISH = redisScript(
  'finishBatch',
  `redis.call('HDEL', KEYS[1], ARGV[2])
if ARGV[2] ~= '' then
  local now = redis.call('TIME')
  redis.call('HSET', KEYS[2], ARGV[1], now[1] * 1000 + math.floor(now[2] / 1000))
end
for i = 4, #ARGV do redis.call('PUBLISH', ARGV[3], ARGV[i]) end`,
);

/**
 * Acknowledges a batch that is committed, then removes its manifest, notes the time and tells what was committed. An
 * empty token is for entries of no batch. Harmless when repeated, and when it ends half-way: what is left of the batch
 * is committed once more under its token.
 */
export async function acknowledge(
  redis: RedisDatabase,
  member: GroupMember,
  { token, entryIds }: Pick<Manifest, 'token' | 'entryIds'>,
  notices: readonly string[],
): Promise<void> {
  const { names, stream, group } = member;
  const acknowledged: Promise<unknown>[] = [];
  for (const ids of entryIds.asArguments(ENTRIES_PER_ACKNOWLEDGEMENT)) {
    acknowledged.push(redis.encoded('XACK', [names.stream(stream), group], ids));
  }
  await Promise.all(acknowledged);
  const keys = [names.manifests(stream, group), names.lastCommitted(stream)];
  await redis.script(FINISH, keys, [group, token, names.committed(group), ...notices]);
}

const OWNERS = redisScript(
  'manifestOwners',
  `local manifests = redis.call('HGETALL', KEYS[1])
for i = 2, #manifests, 2 do manifests[i] = string.match(manifests[i], '^[^\\n]*') end
return manifests`,
);

/** The token of every manifest and the consumer that owns it. */
export async function manifestOwners(redis: RedisDatabase, member: GroupMember): Promise<Map<string, string>> {
  const flat = (await redis.script(OWNERS, keysOf(member).slice(1), [])) as string[];
  const owners = new Map<string, string>();
  for (let at = 0; at + 1 < flat.length; at += 2) owners.set(flat[at] ?? '', flat[at + 1] ?? '');
  return owners;
}

const TAKE_OVER = redisScript(
  'takeOverManifest',
  `${EVEN_WHEN_FULL}if ARGV[4] ~= ARGV[2] and redis.call('EXISTS', KEYS[3]) == 1 then return false end
local manifest = redis.call('HGET', KEYS[2], ARGV[3])
if not manifest then return false end
local owner, ids, skipped, days = string.match(manifest, '^([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)$')
if owner ~= ARGV[4] then return false end
local chunk = {}
local function flush()
  if #chunk == 0 then return end
  chunk[#chunk + 1] = 'JUSTID'
  redis.pcall('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, unpack(chunk))
  chunk = {}
end
for id in string.gmatch(ids, '%S+') do
  chunk[#chunk + 1] = id
  if #chunk == 1000 then flush() end
end
flush()
redis.call('HSET', KEYS[2], ARGV[3], ARGV[2] .. '\\n' .. ids .. '\\n' .. skipped .. '\\n' .. days)
return {ids, skipped, days}`,
);

/**
 * Makes a dead consumer's manifest and those of its entries that are still pending this consumer's, in one step; its
 * own it gets back. Resolves to null where it has been finished, taken over by another, or its owner is alive after all.
 */
export async function takeOverManifest(
  redis: RedisDatabase,
  member: GroupMember,
  token: string,
  owner: string,
): Promise<Manifest | null> {
  const keys = [...keysOf(member), member.names.worker(owner)];
  const reply = await redis.script(TAKE_OVER, keys, [member.group, member.consumer, token, owner]);
  if (reply === null) return null;
  const [ids = '', skipped = '', days = ''] = reply as string[];
  return { token, entryIds: EntryIds.parse(ids), skipped: numbersOf(skipped), days: numbersOf(days) };
}

const numbersOf = (text: string): number[] => (text === '' ? [] : text.split(' ').map(Number));

const keysOf = ({ names, stream, group }: GroupMember): string[] => [
  names.stream(stream),
  names.manifests(stream, group),
];
