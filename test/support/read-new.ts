import type { RedisDatabase } from '../../src/stores/redis/database.js';
import type { GroupMember } from '../../src/stores/redis/entry-group.js';
import { type StreamEntry, streamEntry } from '../../src/stores/redis/stream-entry.js';

/** Gives a consumer entries that no consumer of the group was given yet, waiting up to `blockMs` for the first. */
export async function readNew(
  redis: RedisDatabase,
  { names, stream, group, consumer }: GroupMember,
  { count, blockMs }: { readonly count: number; readonly blockMs: number },
): Promise<(StreamEntry & { readonly id: string })[]> {
  const where = ['COUNT', count, 'BLOCK', blockMs, 'STREAMS', names.stream(stream), '>'];
  const reply = await redis.commandBuffer('XREADGROUP', 'GROUP', group, consumer, ...where);
  const [found] = (reply ?? []) as readonly (readonly [Buffer, readonly (readonly [Buffer, readonly Buffer[]])[]])[];
  return (found?.[1] ?? []).map(([bytes, fields]) => {
    const id = bytes.toString('latin1');
    return { ...streamEntry(id, fields), id };
  });
}
