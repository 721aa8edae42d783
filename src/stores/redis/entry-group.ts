import type { Store } from '../../records/migration-phase.js';
import { ENTRY_FORMS, type RedisNames, type StreamName } from '../../records/names.js';
import { EVEN_WHEN_FULL, type RedisDatabase, redisScript } from './database.js';
import { type StreamEntry, streamEntry } from './stream-entry.js';

/** One consumer of one group on one stream. */
export interface GroupMember {
  readonly names: RedisNames;
  readonly stream: StreamName;
  readonly group: Store;
  readonly consumer: string;
}

/** Entries that were delivered to a consumer before; some of them may have been deleted since. */
export interface PendingEntries {
  readonly entries: readonly StreamEntry[];
  readonly deletedIds: readonly string[];
  /** Where to read on; null behind the last one. */
  readonly next: string | null;
}

export const FIRST_ID = '0-0';

const CREATE_GROUP = redisScript(
  'createGroup',
  `${EVEN_WHEN_FULL}local created = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
if created.err and string.sub(created.err, 1, 9) ~= 'BUSYGROUP' then return created end`,
);

/**
 * Creates the group at the oldest entry, and the stream where there is none. Does nothing to a group that exists. Also
 * where Redis is full: without the group nothing would be worked off.
 */
export async function createGroup(redis: RedisDatabase, { names, stream, group }: GroupMember): Promise<void> {
  await redis.script(CREATE_GROUP, [names.stream(stream)], [group]);
}

const DESTROY_GROUP = redisScript(
  'destroyGroup',
  `if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('XGROUP', 'DESTROY', KEYS[1], ARGV[1]) end
redis.call('DEL', KEYS[2])`,
);

/** Ends a group whose store is no longer written, with the manifests of its batches. */
export async function destroyGroup(
  redis: RedisDatabase,
  { names, stream, group }: Omit<GroupMember, 'consumer'>,
): Promise<void> {
  await redis.script(DESTROY_GROUP, [names.stream(stream), names.manifests(stream, group)], [group]);
}

/** How much is read at once: so many entries, and about so many bytes. */
export interface ReadLimits {
  readonly count: number;
  readonly bytes: number;
}

/** What the script below has a number for, since each text in a reply costs the reader an object. */
const FORM_NAMES = ENTRY_FORMS.map((form) => Buffer.from(form));

/**
 * Reads a few entries at a time until there are enough, since Redis knows no limit by bytes: only the last few may be
 * above it. All ids come as one text; then, of each entry, how many names and values it has (none where it was deleted),
 * and those, with the number of a form in place of its name.
 */
const READ_PENDING = redisScript(
  'readPending',
  `local forms = {${ENTRY_FORMS.map((form, number) => `${form} = ${number}`).join(', ')}}
local after, left, room, few = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), 1
local reply, n, ids = {}, 1, {}
while left > 0 and room > 0 do
  local asked = math.min(left, few)
  local found = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', asked, 'STREAMS', KEYS[1], after)
  local entries = found and found[1][2] or {}
  for i = 1, #entries do
    local id, fields = entries[i][1], entries[i][2] or {}
    ids[#ids + 1] = id
    reply[n + 1] = #fields
    for j = 1, #fields, 2 do
      local name, value = fields[j], fields[j + 1]
      reply[n + 1 + j], reply[n + 2 + j] = forms[name] or name, value
      room = room - #name - #value
    end
    n = n + 1 + #fields
    after = id
  end
  left = left - #entries
  if #entries < asked then break end
  few = math.min(2 * few, 16)
end
reply[1] = table.concat(ids, ' ')
return reply`,
);

/** Entries behind `after` that this consumer was given and has not acknowledged. */
export async function readPending(
  redis: RedisDatabase,
  { names, stream, group, consumer }: GroupMember,
  { after, count, bytes }: { readonly after: string } & ReadLimits,
): Promise<PendingEntries> {
  const args = [group, consumer, after, count, bytes];
  const reply = (await redis.scriptBuffer(READ_PENDING, [names.stream(stream)], args)) as readonly (Buffer | number)[];
  const [joined] = reply;
  const ids = joined instanceof Buffer && joined.length > 0 ? joined.toString('latin1').split(' ') : [];
  const entries: StreamEntry[] = [];
  const deletedIds: string[] = [];
  let at = 1;
  for (const id of ids) {
    const end = at + 1 + Number(reply[at]);
    const fields: Buffer[] = [];
    for (at += 1; at < end; at++) {
      const part = reply[at];
      const text = typeof part === 'number' ? FORM_NAMES[part] : part;
      if (text !== undefined) fields.push(text);
    }
    if (fields.length === 0) deletedIds.push(id);
    else entries.push(streamEntry(id, fields));
  }
  return { entries, deletedIds, next: ids.at(-1) ?? null };
}

/** Entries as they stand in the stream, by their ids; without those that are gone. */
export async function readEntries(
  redis: RedisDatabase,
  { names, stream }: Pick<GroupMember, 'names' | 'stream'>,
  ids: readonly string[],
): Promise<Map<string, StreamEntry>> {
  const replies = await Promise.all(ids.map((id) => redis.commandBuffer('XRANGE', names.stream(stream), id, id)));
  const found = (replies as (readonly (readonly [Buffer, readonly Buffer[]])[])[]).flat();
  return new Map(found.map(([id, fields]) => [String(id), streamEntry(String(id), fields)]));
}

/** The greatest id below this one, to read pending entries from this one on. */
export function idBefore(id: string): string {
  const [milliseconds = '0', sequence = '0'] = id.split('-');
  if (sequence !== '0') return `${milliseconds}-${BigInt(sequence) - 1n}`;
  return milliseconds === '0' ? FIRST_ID : `${BigInt(milliseconds) - 1n}-${2n ** 64n - 1n}`;
}
