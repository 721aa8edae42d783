import type { RedisDatabase } from '../src/stores/redis/database.js';
import { type GroupMember, readNew, readNewNow, type StreamEntry } from '../src/stores/redis/entry-group.js';

const IDLE_WAIT_MS = 500;
/** While the batch before is being written there is no hurry to close the next one. */
const BUSY_WAIT_MS = 20;
/** Far less than a batch, so that the next ones can be read while these are looked at. */
const READ_LIMITS = { count: 4_000, bytes: 1024 * 1024 };

/** New entries of a group, some at a time, large or small, and the next ones ahead while more is waiting. */
export class EntrySource {
  #queue: readonly StreamEntry[] = [];
  #taken = 0;
  #ahead: Promise<readonly StreamEntry[]> | null = null;
  #backlog = false;
  #given = 0;

  constructor(
    private readonly reading: RedisDatabase,
    private readonly member: GroupMember,
  ) {}

  /** Whether more was waiting behind the last read. */
  get backlog(): boolean {
    return this.#backlog;
  }

  /** Entries that this consumer was given since {@link forget}. Exact while nothing is read ahead: see {@link settle}. */
  get given(): number {
    return this.#given;
  }

  /** The next entry that was read before; null when there is none. */
  take(): StreamEntry | null {
    return this.#queue[this.#taken++] ?? null;
  }

  /** Reads more entries and takes the first, waiting for it up to `waitMs` (null: until it is time to look around). */
  async read(waitMs: number | null): Promise<StreamEntry | null> {
    const ahead = this.#ahead ?? this.#readNow();
    this.#ahead = null;
    let entries = await ahead;
    if (entries.length === 0) entries = await this.#await(waitMs);
    this.#queue = entries;
    this.#taken = 0;
    if (this.#backlog) {
      this.#ahead = this.#readNow();
      // A failure is met by whoever takes these; until then nobody listens.
      this.#ahead.catch(() => undefined);
    }
    return this.take();
  }

  /** Resolves when nothing is being read. Fails where that failed. */
  async settle(): Promise<void> {
    await this.#ahead;
  }

  /** Lets go of what was read and not taken: it is pending. */
  async forget(): Promise<void> {
    await this.#ahead?.catch(() => undefined);
    this.#ahead = null;
    this.#queue = [];
    this.#backlog = false;
    this.#given = 0;
  }

  async #readNow(): Promise<readonly StreamEntry[]> {
    const { entries, isMore } = await readNewNow(this.reading, this.member, READ_LIMITS);
    this.#given += entries.length;
    this.#backlog = isMore;
    return entries;
  }

  /** One entry only: nobody knows how large the next ones are. */
  async #await(waitMs: number | null): Promise<readonly StreamEntry[]> {
    const blockMs = waitMs === null ? IDLE_WAIT_MS : waitMs <= 0 ? BUSY_WAIT_MS : Math.ceil(waitMs);
    const entries = await readNew(this.reading, this.member, { count: 1, blockMs });
    this.#given += entries.length;
    return entries;
  }
}
