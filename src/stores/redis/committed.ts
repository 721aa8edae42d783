import { Redis } from 'ioredis';
import { STORES, type Store } from '../../records/migration-phase.js';
import type { RedisNames, StreamName } from '../../records/names.js';
import type { RedisDatabase } from './database.js';

/** Says whose numbers a store has just committed changes to. */
export interface CommittedNotice {
  readonly stream: StreamName;
  /** A user's id to the starts of the UTC hours touched, milliseconds since 1970. */
  readonly users: Readonly<Record<string, readonly number[]>>;
}

const HOURS_PER_NOTICE = 5_000;

/** Hours by user as messages of bounded size. */
export function committedMessages(stream: StreamName, hoursByUser: ReadonlyMap<string, ReadonlySet<number>>): string[] {
  const notices: Record<string, number[]>[] = [];
  let users: Record<string, number[]> = {};
  let room = 0;
  for (const [userId, hours] of hoursByUser) {
    for (const hour of hours) {
      if (room === 0) {
        users = {};
        notices.push(users);
        room = HOURS_PER_NOTICE;
      }
      users[userId] ??= [];
      users[userId].push(hour);
      room -= 1;
    }
  }
  return notices.map((hoursOfUsers) => JSON.stringify({ stream, users: hoursOfUsers } satisfies CommittedNotice));
}

/** Tells what has changed in a store without a batch of a lane. */
export async function publishCommitted(
  redis: RedisDatabase,
  names: RedisNames,
  store: Store,
  messages: readonly string[],
): Promise<void> {
  for (const message of messages) await redis.command('PUBLISH', names.committed(store), message);
}

interface CommittedListener {
  readonly names: RedisNames;
  /** As shown by CLIENT LIST. */
  readonly applicationName: string;
  readonly onNotice: (store: Store, notice: CommittedNotice) => void;
  /** Called when the connection is there again: notices may have been missed. */
  readonly onGap: () => void;
}

/** Listens to what every store commits, reconnecting for as long as it takes. Returns what ends it. */
export function listenForCommitted(url: string, listener: CommittedListener): () => void {
  const { names, applicationName, onNotice, onGap } = listener;
  const storeOf = new Map(STORES.map((store) => [names.committed(store), store]));
  const client = new Redis(url, { connectionName: applicationName, maxRetriesPerRequest: null });
  let wasReady = false;
  client.on('error', () => undefined);
  client.on('ready', () => {
    if (wasReady) onGap();
    wasReady = true;
  });
  client.on('message', (channel, message) => {
    const store = storeOf.get(channel);
    if (store !== undefined) onNotice(store, JSON.parse(message) as CommittedNotice);
  });
  // Subscribed to again by the client itself after each reconnect; closing ends the wait for the first reply.
  client.subscribe(...storeOf.keys()).catch(() => undefined);
  return () => client.disconnect();
}
