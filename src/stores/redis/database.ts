import { createHash } from 'node:crypto';
import { Redis, ReplyError } from 'ioredis';
import { codeOf, messageOf, UpstreamError } from '../../platform/errors.js';

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
}

/** First words of error replies that say nothing about the command itself, so that it may be sent again. */
const UNAVAILABLE = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'NOREPLICAS',
  'OOM',
  'READONLY',
  'TRYAGAIN',
]);
const RECONNECT_MAX_MS = 1_000;

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

/**
 * One connection to Redis, which is made again whenever it breaks. Nothing is queued or sent twice behind the caller's
 * back: while the connection is away a command fails at once, and one whose reply was lost fails too, done or not.
 * Only the first try to connect is waited for.
 */
export class RedisDatabase {
  readonly #client: Redis;
  readonly #opened: Promise<void>;
  #connectionError: Error | undefined;

  constructor(url: string, options: RedisOptions) {
    // The client would not tell that Redis has refused it, and the connection would have no name.
    if (/\s/.test(options.applicationName)) {
      throw new Error(`a connection to Redis cannot be named "${options.applicationName}": there is white space in it`);
    }
    this.#client = new Redis(url, {
      connectionName: options.applicationName,
      protocol: 2,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      socketTimeout: options.replyTimeoutMs ?? 10_000,
      retryStrategy: (times) => Math.min(50 * 2 ** times, RECONNECT_MAX_MS),
    });
    // Unheard, it would be printed. A command that finds no connection tells of it.
    this.#client.on('error', (error) => {
      this.#connectionError = error;
    });
    this.#opened = new Promise((resolve) => {
      for (const event of ['ready', 'close', 'end']) this.#client.once(event, () => resolve());
    });
  }

  /** Replies as texts and numbers. Fails with {@link UpstreamError}, its code the first word of an error reply. */
  async command(name: string, ...args: readonly Argument[]): Promise<unknown> {
    await this.#opened;
    try {
      return await this.#client.call(name, [...args]);
    } catch (error) {
      throw this.#failure(name, error);
    }
  }

  /** Replies as bytes. Fails as {@link command} does. */
  async commandBuffer(name: string, ...args: readonly Argument[]): Promise<unknown> {
    await this.#opened;
    try {
      return await this.#client.callBuffer(name, [...args]);
    } catch (error) {
      throw this.#failure(name, error);
    }
  }

  /** Runs a script, which Redis is sent once. Fails as {@link command} does. */
  script(script: RedisScript, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    return this.#runScript((command, all) => this.#client.call(command, all), script, keys, args);
  }

  /** The same with texts as bytes. */
  scriptBuffer(script: RedisScript, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    return this.#runScript((command, all) => this.#client.callBuffer(command, all), script, keys, args);
  }

  async #runScript(
    call: (command: string, args: Argument[]) => Promise<unknown>,
    { name, lua, sha }: RedisScript,
    keys: readonly string[],
    args: readonly Argument[],
  ): Promise<unknown> {
    await this.#opened;
    try {
      return await call('EVALSHA', [sha, keys.length, ...keys, ...args]).catch((error: unknown) => {
        if (replyCode(error) !== 'NOSCRIPT') throw error;
        return call('EVAL', [lua, keys.length, ...keys, ...args]);
      });
    } catch (error) {
      throw this.#failure(name, error);
    }
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
    return new UpstreamError('redis', `${name}: ${reason}`, {
      cause: error,
      kind: code === undefined || UNAVAILABLE.has(code) ? 'unavailable' : 'refused',
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
