import { createHash } from 'node:crypto';
import { Redis, ReplyError } from 'ioredis';
import { codeOf, messageOf, UpstreamError } from '../../platform/errors.js';
import { firstEvent } from '../../platform/first-event.js';
import { unwatched, type WatchQuery } from '../../platform/watch-query.js';
import { type EncodedArguments, EncodedCommand } from './encoded-command.js';
import { connectorThrough, type ReplyTap } from './reply-tap.js';

/** Something that runs inside Redis as one step. */
export interface RedisScript {
  readonly name: string;
  readonly lua: string;
  readonly sha: string;
}

type Argument = string | number | Buffer;

interface RedisOptions {
  /** The process and its task, as shown by CLIENT LIST. Without white space: Redis takes no such name. */
  readonly applicationName: string;
  /** A command without a reply for so long is given up together with its connection, milliseconds. Default 10,000. */
  readonly replyTimeoutMs?: number;
  /** Told of every command and script. */
  readonly watch?: WatchQuery;
  /** Sees what comes before the client does. */
  readonly tap?: ReplyTap;
}

/** First words of error replies that say nothing about the command itself, so that it may be sent again. */
const UNAVAILABLE = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'MOVED',
  'NOREPLICAS',
  'OOM',
  'READONLY',
  'TRYAGAIN',
]);
const RECONNECT_MAX_MS = 1_000;
export const REPLY_TIMEOUT_MS = 10_000;
const ONE_SLOT =
  'On a Redis Cluster all keys have to be in one slot: give STREAM_PREFIX a tag in braces, such as {ethhook}';

/**
 * First line of a script that has to run while Redis is full, so that what fills it can be worked off: writes are
 * refused only before a script's first one, and this one needs no memory and changes nothing.
 */
export const EVEN_WHEN_FULL = "redis.call('PERSIST', KEYS[1])\n";

export const redisScript = (name: string, lua: string): RedisScript => ({
  name,
  lua,
  sha: createHash('sha1').update(lua).digest('hex'),
});

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where a key is, by an error reply such as `MOVED 3999 127.0.0.1:6381`; without a host, on the same one. */
interface Move {
  readonly slot: string | undefined;
  readonly home: Partial<Address>;
}

/**
 * One connection to Redis, which is made again whenever it breaks. Nothing is queued or sent twice behind the caller's
 * back: while the connection is away a command fails at once, and one whose reply was lost fails too, done or not.
 * Only the first try to connect is waited for.
 *
 * Of a Redis Cluster it speaks to the node that has the keys, which have to share one slot: it goes where it is told
 * that they have moved, and back to the node of the URL to ask again where that node is away. A key that is told to be in
 * another slot than one before is refused.
 */
export class RedisDatabase {
  readonly #client: Redis;
  readonly #watch: WatchQuery;
  readonly #tap: ReplyTap | undefined;
  #opened: Promise<void>;
  #connectionError: Error | undefined;
  /** The node that has the keys, as far as is known. */
  #home: Partial<Address>;
  /** The slot that the keys have to share, once it is known. */
  #slot: string | undefined;

  constructor(url: string, options: RedisOptions) {
    // The client would not tell that Redis has refused it, and the connection would have no name.
    if (/\s/.test(options.applicationName)) {
      throw new Error(`a connection to Redis cannot be named "${options.applicationName}": there is white space in it`);
    }
    this.#watch = options.watch ?? unwatched;
    this.#tap = options.tap;
    this.#client = new Redis(url, {
      connectionName: options.applicationName,
      protocol: 2,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      socketTimeout: options.replyTimeoutMs ?? REPLY_TIMEOUT_MS,
      ...(options.tap === undefined ? {} : { Connector: connectorThrough(options.tap) }),
      retryStrategy: (times) => {
        Object.assign(this.#client.options, times % 2 === 1 ? this.#home : named);
        return Math.min(50 * 2 ** times, RECONNECT_MAX_MS);
      },
    });
    const { host, port } = this.#client.options;
    const named: Partial<Address> = {
      ...(host === undefined ? {} : { host }),
      ...(port === undefined ? {} : { port }),
    };
    this.#home = named;
    // Unheard, it would be printed. A command that finds no connection tells of it.
    this.#client.on('error', (error) => {
      this.#connectionError = error;
    });
    this.#opened = firstEvent(this.#client, 'ready', 'close', 'end');
  }

  /** Replies as texts and numbers. Fails with {@link UpstreamError}, its code the first word of an error reply. */
  command(name: string, ...args: readonly Argument[]): Promise<unknown> {
    return this.#ask(name, () => {
      this.#tap?.sending(name);
      return this.#client.call(name, [...args]);
    });
  }

  /** The same with more arguments, which are encoded already. */
  encoded(name: string, first: readonly string[], last: EncodedArguments): Promise<unknown> {
    return this.#ask(name, () => Promise.resolve(this.#client.sendCommand(new EncodedCommand(name, first, last))));
  }

  /** Replies as bytes. Fails as {@link command} does. */
  commandBuffer(name: string, ...args: readonly Argument[]): Promise<unknown> {
    return this.#ask(name, () => this.#client.callBuffer(name, [...args]));
  }

  /** Runs a script, which Redis is sent once. Fails as {@link command} does. */
  script(script: RedisScript, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    return this.#runScript((command, all) => this.#client.call(command, all), script, keys, args);
  }

  /** The same with texts as bytes. */
  scriptBuffer(script: RedisScript, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    return this.#runScript((command, all) => this.#client.callBuffer(command, all), script, keys, args);
  }

  #runScript(
    call: (command: string, args: Argument[]) => Promise<unknown>,
    { name, lua, sha }: RedisScript,
    keys: readonly string[],
    args: readonly Argument[],
  ): Promise<unknown> {
    return this.#ask(name, () =>
      call('EVALSHA', [sha, keys.length, ...keys, ...args]).catch((error: unknown) => {
        if (replyCode(error) !== 'NOSCRIPT') throw error;
        return call('EVAL', [lua, keys.length, ...keys, ...args]);
      }),
    );
  }

  #ask(name: string, call: () => Promise<unknown>): Promise<unknown> {
    return this.#watch('redis', name, async () => {
      await this.#opened;
      try {
        return await call().catch(async (error: unknown) => {
          if (replyCode(error) !== 'MOVED') throw error;
          const { slot, home } = moveIn(messageOf(error));
          this.#slot ??= slot;
          // Following it would lose the keys that are where it is now.
          if (this.#slot !== slot) throw error;
          // It was not run there, so that it may be sent again.
          await this.#moveTo(home);
          return call();
        });
      } catch (error) {
        throw this.#failure(name, error);
      }
    });
  }

  /** Resolves when the connection is there, or cannot be made. */
  #moveTo(home: Partial<Address>): Promise<void> {
    const { options } = this.#client;
    this.#home = { ...(options.host === undefined ? {} : { host: options.host }), ...home };
    if (options.host === this.#home.host && options.port === this.#home.port) return this.#opened;
    Object.assign(options, this.#home);
    this.#opened = firstEvent(this.#client, 'ready', 'error', 'end');
    this.#client.disconnect(true);
    return this.#opened;
  }

  async ping(): Promise<void> {
    await this.command('PING');
  }

  #failure(name: string, error: unknown): UpstreamError {
    const code = replyCode(error);
    const { host, port } = this.#client.options;
    const unconnected = `no connection to ${host}:${port}`;
    const isCut = code === undefined && this.#client.status !== 'ready';
    const reason = isCut ? [unconnected, codeOf(this.#connectionError)].filter(Boolean).join(', ') : messageOf(error);
    const isScattered = code === 'CROSSSLOT' || (code === 'MOVED' && moveIn(messageOf(error)).slot !== this.#slot);
    const remedy = isScattered ? `. ${ONE_SLOT}` : '';
    return new UpstreamError('redis', `${name}: ${reason}${remedy}`, {
      cause: error,
      kind: code === undefined || (UNAVAILABLE.has(code) && !isScattered) ? 'unavailable' : 'refused',
      ...(code === undefined ? {} : { code }),
    });
  }

  /** Closes at once; a command without a reply yet fails. */
  close(): void {
    this.#client.disconnect();
  }
}

/** The first word of an error reply is its code, by the protocol. */
const replyCode = (error: unknown): string | undefined =>
  error instanceof ReplyError ? messageOf(error).split(' ', 1)[0] : undefined;

function moveIn(reply: string): Move {
  const [, slot, host, port] = /^MOVED (\d+) (.*):(\d+)$/.exec(reply) ?? [];
  const home = {
    ...(host === undefined || host === '' ? {} : { host }),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
  return { slot, home };
}
