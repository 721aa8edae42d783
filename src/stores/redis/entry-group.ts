import { UpstreamError } from '../../platform/errors.js';
import type { Store } from '../../records/migration-phase.js';
import type { RedisNames, StreamName } from '../../records/names.js';
import { type RedisDatabase, redisScript } from './database.js';

/** One consumer of one group on one stream. */
export interface GroupMember {
  readonly names: RedisNames;
  readonly stream: StreamName;
  readonly group: Store;
  readonly consumer: string;
}

export interface StreamEntry {
  readonly id: string;
  /** The time in the id, milliseconds since 1970. */
  readonly time: number;
  /** Names and values in turn. */
  readonly fields: readonly Buffer[];
  /** Of names and values together. */
  readonly bytes: number;
}

/** Entries that were delivered to a consumer before; some of them may have been deleted since. */
export interface PendingEntries {
  readonly entries: readonly StreamEntry[];
  readonly deletedIds: readonly string[];
  /** Where to read on; null behind the last one. */
  readonly next: string | null;
}

export const FIRST_ID = '0-0';

/** Creates the group at the oldest entry, and the stream where there is none. Does nothing to a group that exists. */
export async function createGroup(redis: RedisDatabase, { names, stream, group }: GroupMember): Promise<void> {
  try {
    await redis.command('XGROUP', 'CREATE', names.stream(stream), group, '0', 'MKSTREAM');
  } catch (error) {
    if (!(error instanceof UpstreamError && error.options.code === 'BUSYGROUP')) throw error;
  }
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

/**
 * Entries that no consumer of the group was given yet, waiting up to `blockMs` for the first.
 * Where it fails, some may have been given all the same: they are pending then.
 */
export async function readNew(
  redis: RedisDatabase,
  { names, stream, group, consumer }: GroupMember,
  { count, blockMs }: { readonly count: number; readonly blockMs: number },
): Promise<StreamEntry[]> {
  const where = ['COUNT', count, 'BLOCK', blockMs, 'STREAMS', names.stream(stream), '>'];
  const reply = await redis.commandBuffer('XREADGROUP', 'GROUP', group, consumer, ...where);
  return entriesOf(reply).map(({ id, fields }) => streamEntry(id, fields ?? []));
}

/** Entries behind `after` that this consumer was given and has not acknowledged. */
export async function readPending(
  redis: RedisDatabase,
  { names, stream, group, consumer }: GroupMember,
  { after, count }: { readonly after: string; readonly count: number },
): Promise<PendingEntries> {
  const where = ['COUNT', count, 'STREAMS', names.stream(stream), after];
  const raw = entriesOf(await redis.commandBuffer('XREADGROUP', 'GROUP', group, consumer, ...where));
  return {
    entries: raw.flatMap(({ id, fields }) => (fields === null ? [] : [streamEntry(id, fields)])),
    deletedIds: raw.filter(({ fields }) => fields === null).map(({ id }) => id),
    next: raw.at(-1)?.id ?? null,
  };
}

/** The greatest id below this one, to read pending entries from this one on. */
export function idBefore(id: string): string {
  const [milliseconds = '0', sequence = '0'] = id.split('-');
  if (sequence !== '0') return `${milliseconds}-${BigInt(sequence) - 1n}`;
  return milliseconds === '0' ? FIRST_ID : `${BigInt(milliseconds) - 1n}-${2n ** 64n - 1n}`;
}

type RawReply = readonly (readonly [Buffer, readonly (readonly [Buffer, readonly Buffer[] | null])[]])[] | null;

const entriesOf = (reply: unknown): { id: string; fields: readonly Buffer[] | null }[] =>
  ((reply as RawReply)?.[0]?.[1] ?? []).map(([id, fields]) => ({ id: id.toString('latin1'), fields }));

function streamEntry(id: string, fields: readonly Buffer[]): StreamEntry {
  let bytes = 0;
  for (const field of fields) bytes += field.length;
  return { id, time: Number(id.slice(0, id.indexOf('-'))), fields, bytes };
}
