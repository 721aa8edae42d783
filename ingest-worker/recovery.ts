import type { Logger } from '../src/platform/logger.js';
import { claimPending, consumersOf, deadAmong } from '../src/stores/redis/consumers.js';
import type { RedisDatabase } from '../src/stores/redis/database.js';
import { FIRST_ID, type GroupMember, idBefore, readPending } from '../src/stores/redis/entry-group.js';
import { EntryIds } from '../src/stores/redis/entry-ids.js';
import { acknowledge, type Manifest, manifestOwners, takeOverManifest } from '../src/stores/redis/manifests.js';
import { idOf, type StreamEntry } from '../src/stores/redis/stream-entry.js';
import { type Batch, BatchBuilder, type BatchLimits, rebuildBatch } from './batch.js';
import type { StreamKind } from './stream-kind.js';

interface RecoveryOptions<R> {
  readonly kind: StreamKind<R>;
  readonly retentionDays: number;
  readonly limits: BatchLimits;
  readonly redis: RedisDatabase;
  readonly member: GroupMember;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
  readonly commit: (batch: Batch<R>) => Promise<void>;
}

const READ_LIMITS = { count: 4_000, bytes: 1024 * 1024 };

/**
 * Whether there is something to recover: a consumer of the group, or a manifest's owner, is dead; or a manifest is this
 * consumer's own and not that of a batch in flight.
 */
export async function inheritanceWaits(
  redis: RedisDatabase,
  member: GroupMember,
  inFlight: Pick<ReadonlySet<string>, 'has'>,
): Promise<boolean> {
  const owners = await manifestOwners(redis, member);
  for (const [token, owner] of owners) {
    if (owner === member.consumer && !inFlight.has(token)) return true;
  }
  return (await deadOthers(redis, member, owners)).length > 0;
}

/**
 * Finishes what was begun, with nothing else in hand. Manifests come first: their batches may have been counted, so
 * their entries may go into no other batch. Then what else is pending under the dead and under this consumer is
 * written as new batches.
 */
export async function recover<R>(options: RecoveryOptions<R>): Promise<void> {
  const { kind, redis, member, commit, logger } = options;
  const owners = await manifestOwners(redis, member);
  const dead = await deadOthers(redis, member, owners);
  for (const [token, owner] of owners) {
    if (owner !== member.consumer && !dead.includes(owner)) continue;
    const manifest = await takeOverManifest(redis, member, token, owner);
    if (manifest === null) continue;
    logger.info({ token, owner, entries: manifest.entryIds.count }, 'finishing a batch that was begun');
    await commit(rebuildBatch(kind, manifest, await entriesOf(options, manifest)));
  }
  for (const consumer of dead) {
    let claimed = 0;
    for (let more = 1; more > 0; claimed += more) more = await claimPending(redis, member, consumer);
    if (claimed > 0) logger.info({ consumer, entries: claimed }, 'took over the entries of a worker that is gone');
  }
  await writePending(options);
}

async function deadOthers(
  redis: RedisDatabase,
  member: GroupMember,
  owners: ReadonlyMap<string, string>,
): Promise<string[]> {
  const known = new Set([...(await consumersOf(redis, member)), ...owners.values()]);
  known.delete(member.consumer);
  return deadAmong(redis, member.names, [...known]);
}

/** The entries of a manifest that are still pending: all of them, unless some were deleted or acknowledged since. */
async function entriesOf<R>({ redis, member }: RecoveryOptions<R>, { entryIds }: Manifest): Promise<StreamEntry[]> {
  const ids = entryIds.list();
  const wanted = new Set(ids);
  const found: StreamEntry[] = [];
  let after: string | null = idBefore(ids[0] ?? FIRST_ID);
  for (let missing = wanted.size; missing > 0 && after !== null; ) {
    const { entries, deletedIds, next } = await readPending(redis, member, { after, ...READ_LIMITS });
    const ours = entries.filter((entry) => wanted.has(idOf(entry)));
    found.push(...ours);
    missing -= ours.length + deletedIds.filter((id) => wanted.has(id)).length;
    after = next;
  }
  return found;
}

/** Writes all that is pending under this consumer, in new batches. Ends early where the lane is to stop. */
async function writePending<R>(options: RecoveryOptions<R>): Promise<void> {
  const { kind, retentionDays, limits, redis, member, stopping, commit } = options;
  let builder = new BatchBuilder(kind, retentionDays);
  const flush = async (): Promise<void> => {
    if (builder.entries > 0) await commit(builder.build());
    builder = new BatchBuilder(kind, retentionDays);
  };
  for (let after: string | null = FIRST_ID; after !== null && !stopping.aborted; ) {
    const { entries, deletedIds, next } = await readPending(redis, member, { after, ...READ_LIMITS });
    if (deletedIds.length > 0) await acknowledge(redis, member, { token: '', entryIds: new EntryIds(deletedIds) }, []);
    for (const entry of entries) {
      builder.add(entry);
      if (builder.records >= limits.maxRows || builder.bytes >= limits.maxBytes) await flush();
    }
    after = next;
  }
  await flush();
}
