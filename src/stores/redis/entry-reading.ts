import type { Socket } from 'node:net';
import { UpstreamError } from '../../platform/errors.js';
import { REPLY_TIMEOUT_MS, RedisDatabase } from './database.js';
import type { GroupMember } from './entry-group.js';
import { EntryParser } from './entry-parser.js';
import type { StreamEntry } from './stream-entry.js';

/** While so many bytes of entries wait to be taken, no more are read from the socket: Redis knows no limit by bytes. */
const WAITING_BYTES = 1024 * 1024;

/**
 * A connection of its own over which consumers are given new entries. They are handed on as they come, whatever the
 * client makes of other replies, and only as fast as they are taken.
 */
export class EntryReading {
  readonly #redis: RedisDatabase;
  readonly #parser = new EntryParser();
  #socket: Socket | undefined;
  #isPaused = false;
  /** Whether a reply is coming, so that silence is a failure. */
  #isTimed = false;
  /** Whether a connection ended in the middle of a reply. */
  #isLost = false;
  #wake = (): void => undefined;

  constructor(url: string, options: { readonly applicationName: string }) {
    const tap = {
      connected: (socket: Socket) => this.#connected(socket),
      sending: (name: string) => {
        if (name === 'XREADGROUP') this.#parser.expect();
      },
      data: (bytes: Buffer, pass: (bytes: Buffer) => void) => this.#data(bytes, pass),
    };
    this.#redis = new RedisDatabase(url, { ...options, tap });
  }

  /** Whether all of the last reply has come. */
  get isWhole(): boolean {
    return this.#parser.remaining === 0 && !this.#isLost;
  }

  /** Whether nothing is to be taken, now or later. */
  get isEmpty(): boolean {
    return this.isWhole && this.#parser.isEmpty;
  }

  /** Bytes of the entries of the last reply that had any. */
  get received(): number {
    return this.#parser.received;
  }

  /**
   * Asks for entries that no consumer of the group was given yet, waiting up to `blockMs` for the first (null: not at
   * all). Resolves, before they have come, to how many this consumer was given. To be called when all of the last
   * reply has come. Where it fails, some may have been given all the same: they are pending then.
   */
  async ask(
    { names, stream, group, consumer }: GroupMember,
    { count, blockMs }: { readonly count: number; readonly blockMs: number | null },
  ): Promise<number> {
    const block = blockMs === null ? [] : ['BLOCK', blockMs];
    const where = ['COUNT', count, ...block, 'STREAMS', names.stream(stream), '>'];
    const given = await this.#redis.command('XREADGROUP', 'GROUP', group, consumer, ...where);
    return given === null ? 0 : Number(given);
  }

  /** The next entry that has come; null when there is none. Its bytes are valid until the caller waits for anything. */
  take(): StreamEntry | null {
    return this.#parser.take();
  }

  /** Resolves when there is an entry to take, or nothing more to come. Fails where the rest of a reply is lost. */
  async arrival(): Promise<void> {
    while (this.#parser.isEmpty && !this.isWhole) {
      if (this.#isLost) throw lost();
      this.#resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Lets go of all that was given and not taken: it is pending. */
  async discard(): Promise<void> {
    this.#parser.clear();
    while (this.#parser.remaining > 0) {
      await this.arrival().catch(() => undefined);
      this.#parser.clear();
    }
    this.#isLost = false;
  }

  /** Closes at once; what is asked for fails. */
  close(): void {
    this.#redis.close();
    // While nothing is read from it, it would not see that the other side has closed.
    if (this.#isPaused) this.#socket?.destroy();
  }

  #connected(socket: Socket): void {
    this.#ended();
    this.#socket = socket;
    socket.on('timeout', () => {
      if (this.#isTimed) socket.destroy(new Error(`no more of a reply for ${REPLY_TIMEOUT_MS} ms`));
    });
    socket.once('close', () => {
      if (socket === this.#socket) this.#ended();
    });
  }

  #ended(): void {
    if (this.#parser.remaining > 0) this.#isLost = true;
    this.#parser.reset();
    this.#isPaused = false;
    this.#isTimed = false;
    this.#wake();
  }

  #data(bytes: Buffer, pass: (bytes: Buffer) => void): boolean {
    this.#parser.push(bytes, pass);
    this.#isPaused = this.#parser.remaining > 0 && this.#parser.waiting >= WAITING_BYTES;
    this.#time();
    this.#wake();
    return !this.#isPaused;
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#time();
    this.#socket?.resume();
  }

  /** The client times what it knows of: up to the number of entries. */
  #time(): void {
    const isTimed = this.#parser.remaining > 0 && !this.#isPaused;
    if (isTimed === this.#isTimed) return;
    this.#isTimed = isTimed;
    this.#socket?.setTimeout(isTimed ? REPLY_TIMEOUT_MS : 0);
  }
}

const lost = (): UpstreamError =>
  new UpstreamError('redis', 'XREADGROUP: the connection was lost in the middle of a reply', {
    cause: undefined,
    kind: 'unavailable',
  });
