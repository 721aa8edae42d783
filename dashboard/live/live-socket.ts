import { type Client, createClient } from 'graphql-ws';
import { Live, type LiveSubscription } from '../api/operations.js';
import { signOut } from '../api/session.js';
import type { Source } from '../api/source.js';

export type LiveHour = LiveSubscription['hourlyStats'];
/** `interrupted`: it was connected, or could not be at first, and is trying again. */
export type LiveState = 'connecting' | 'live' | 'interrupted';

/** How the gateway closes a socket whose token it does not take. */
const REFUSED = [4401, 4403];
const PING_EVERY_MS = 10_000;
const PONG_WITHIN_MS = 5_000;
const WAIT_AT_MOST_MS = 5_000;

/** The one socket of a session, which is opened again for as long as it takes. */
export class LiveSocket {
  readonly #client: Client;
  readonly #listeners = new Set<() => void>();
  #state: LiveState = 'connecting';

  constructor(token: string) {
    const url = new URL('/graphql', window.location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    let silence: ReturnType<typeof setTimeout> | undefined;
    this.#client = createClient({
      url: url.href,
      connectionParams: { authorization: `Bearer ${token}` },
      keepAlive: PING_EVERY_MS,
      retryAttempts: Number.POSITIVE_INFINITY,
      shouldRetry: (problem) => !isRefusal(problem),
      retryWait: (retries) => waitFor(retries),
      on: {
        connected: () => this.#change('live'),
        closed: (event) => {
          clearTimeout(silence);
          if (isRefusal(event)) signOut('The gateway no longer takes this token. Sign in with a new one.');
          else this.#change('interrupted');
        },
        ping: (received) => {
          if (!received) silence = setTimeout(() => this.#client.terminate(), PONG_WITHIN_MS);
        },
        pong: (received) => {
          if (received) clearTimeout(silence);
        },
      },
    });
  }

  readonly state = (): LiveState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Every hour that changes of a source. Returns what ends it. */
  hours(source: Source, onHour: (hour: LiveHour) => void): () => void {
    return this.#client.subscribe<LiveSubscription>(
      { query: Live.text, variables: { ...source } },
      {
        next: ({ data }) => data && onHour(data.hourlyStats),
        // Lists show what is wrong with a source that cannot be subscribed to; a refused token ends the session above.
        error: () => undefined,
        complete: () => undefined,
      },
    );
  }

  close(): void {
    // It fails where a connection is just being refused, which is as good as closed.
    Promise.resolve(this.#client.dispose()).catch(() => undefined);
  }

  #change(state: LiveState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

const isRefusal = (problem: unknown): boolean => problem instanceof CloseEvent && REFUSED.includes(problem.code);

/** Longer each time, and not the same for every page that lost the same gateway. */
const waitFor = (retries: number): Promise<void> =>
  new Promise((resolve) => {
    const longest = Math.min(WAIT_AT_MOST_MS, 250 * 2 ** retries);
    setTimeout(resolve, longest * (0.5 + 0.5 * Math.random()));
  });
