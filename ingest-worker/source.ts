import type { GroupMember } from '../src/stores/redis/entry-group.js';
import type { EntryReading } from '../src/stores/redis/entry-reading.js';
import type { StreamEntry } from '../src/stores/redis/stream-entry.js';

const IDLE_WAIT_MS = 500;
/** While the batch before is being written there is no hurry to close the next one. */
const BUSY_WAIT_MS = 20;
/** Far less than a batch, so that the next ones can be read while these are looked at. */
const BYTES_PER_READ = 128 * 1024;
/** Redis has to hold them at once, however large they are. */
const ENTRIES_PER_READ = 250;
/** How many times more are asked for than the last time, at most: nobody knows how large the next ones are. */
const GROWTH = 4;

/** New entries of a group, some at a time, large or small, and the next ones ahead while more is waiting. */
export class EntrySource {
  #ahead: Promise<void> | null = null;
  #backlog = false;
  #given = 0;
  /** What was asked for last, and what came of it. */
  #last = { count: 1, entries: 1 };

  constructor(
    private readonly reading: EntryReading,
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

  /** The next entry that was read before; null when there is none. Its bytes are valid until the caller waits for anything. */
  take(): StreamEntry | null {
    return this.reading.take();
  }

  /** Reads more entries and takes the first, waiting for it up to `waitMs` (null: until it is time to look around). */
  async read(waitMs: number | null): Promise<StreamEntry | null> {
    const ahead = this.#ahead;
    this.#ahead = null;
    await (ahead ?? (this.reading.isEmpty ? this.#askNow() : null));
    if (this.reading.isEmpty) await this.#askFirst(waitMs);
    await this.reading.arrival();
    if (this.#backlog && this.reading.isWhole) {
      this.#ahead = this.#askNow();
      // A failure is met by whoever takes these; until then nobody listens.
      this.#ahead.catch(() => undefined);
    }
    return this.take();
  }

  /** Resolves when all that this consumer is given is known, though it may be still to come. Fails where that failed. */
  async settle(): Promise<void> {
    await this.#ahead;
  }

  /** Lets go of what was read and not taken: it is pending. */
  async forget(): Promise<void> {
    await this.#ahead?.catch(() => undefined);
    this.#ahead = null;
    await this.reading.discard();
    this.#backlog = false;
    this.#given = 0;
  }

  async #askNow(): Promise<void> {
    const { count: lastCount, entries } = this.#last;
    const alike = Math.floor((BYTES_PER_READ * entries) / Math.max(1, this.reading.received));
    const count = Math.max(1, Math.min(ENTRIES_PER_READ, GROWTH * lastCount, alike));
    this.#backlog = (await this.#ask(count, null)) === count;
  }

  /** One entry only: nobody knows how large the next ones are. */
  async #askFirst(waitMs: number | null): Promise<void> {
    await this.#ask(1, waitMs === null ? IDLE_WAIT_MS : waitMs <= 0 ? BUSY_WAIT_MS : Math.ceil(waitMs));
  }

  async #ask(count: number, blockMs: number | null): Promise<number> {
    const entries = await this.reading.ask(this.member, { count, blockMs });
    this.#given += entries;
    if (entries > 0) this.#last = { count, entries };
    return entries;
  }
}
