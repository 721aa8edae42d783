import type { RedisDatabase } from '../src/stores/redis/database.js';
import { type GroupMember, readNew, type StreamEntry } from '../src/stores/redis/entry-group.js';
import type { BatchLimits } from './batch.js';

/** What a batch holds already. */
interface Filled {
  readonly records: number;
  readonly bytes: number;
}

const IDLE_WAIT_MS = 500;
/** While the batch before is being written there is no hurry to close the next one. */
const BUSY_WAIT_MS = 20;
const MAX_ENTRIES_PER_READ = 250;
/** Taken for the size of an entry before the first one was seen. */
const UNKNOWN_ENTRY_BYTES = 1024 * 1024;

/** New entries of a group, read a few at a time so that no more than a batch is in memory, large or small. */
export class EntrySource {
  #queue: readonly StreamEntry[] = [];
  #taken = 0;
  #entryBytes = UNKNOWN_ENTRY_BYTES;
  #backlog = false;

  constructor(
    private readonly reading: RedisDatabase,
    private readonly member: GroupMember,
  ) {}

  /** Whether the last read got all it asked for, so that more is waiting. */
  get backlog(): boolean {
    return this.#backlog;
  }

  /** The next entry that was read before; null when there is none. */
  take(): StreamEntry | null {
    return this.#queue[this.#taken++] ?? null;
  }

  /** Reads more entries and takes the first, waiting for it up to `waitMs` (null: until it is time to look around). */
  async read({ bytes }: Filled, { maxBytes }: BatchLimits, waitMs: number | null): Promise<StreamEntry | null> {
    const room = Math.ceil((maxBytes - bytes) / this.#entryBytes);
    const count = Math.max(1, Math.min(room, MAX_ENTRIES_PER_READ));
    const blockMs = waitMs === null ? IDLE_WAIT_MS : waitMs <= 0 ? BUSY_WAIT_MS : Math.ceil(waitMs);
    this.#queue = await readNew(this.reading, this.member, { count, blockMs });
    this.#taken = 0;
    this.#backlog = this.#queue.length === count;
    this.#learnSize();
    return this.take();
  }

  /** Lets go of what was read and not taken: it is pending. */
  forget(): void {
    this.#queue = [];
  }

  /** Larger entries are believed at once, smaller ones by and by. */
  #learnSize(): void {
    if (this.#queue.length === 0) return;
    let bytes = 0;
    for (const entry of this.#queue) bytes += entry.bytes;
    const average = Math.max(1, bytes / this.#queue.length);
    this.#entryBytes = Math.max(average, (this.#entryBytes + average) / 2);
  }
}
