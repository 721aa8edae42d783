import type { Logger } from '../../platform/logger.js';
import type { User } from '../../records/configuration.js';
import type { ConfigurationStore } from '../../stores/postgres/configuration-store.js';
import type { Identity } from '../authentication.js';

/** Something that stays open on the word of a token. */
interface Session {
  readonly identity: Identity;
  /** Called once, with words for the client. */
  readonly end: (reason: string) => void;
}

interface SessionsOptions {
  readonly configuration: Pick<ConfigurationStore, 'usersById'>;
  readonly logger: Logger;
  readonly now: () => number;
}

const EXPIRY_EVERY_MS = 1_000;
const USERS_EVERY_MS = 3_000;

/** Ends what was opened with a token that has expired since, or for users who are there no longer. */
export class Sessions {
  readonly #sessions = new Set<Session>();
  readonly #timers: readonly NodeJS.Timeout[];
  #asking = false;

  constructor(private readonly options: SessionsOptions) {
    this.#timers = [
      setInterval(() => this.#endExpired(), EXPIRY_EVERY_MS),
      setInterval(() => void this.#endOrphaned(), USERS_EVERY_MS),
    ];
  }

  /** Returns what takes it out again. */
  add(identity: Identity, end: (reason: string) => void): () => void {
    const session = { identity, end };
    this.#sessions.add(session);
    return () => {
      this.#sessions.delete(session);
    };
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#sessions.clear();
  }

  #endExpired(): void {
    const now = this.options.now();
    this.#endWhere(({ acceptedUntil }) => acceptedUntil <= now, 'token expired');
  }

  /** One question for all of them. A Postgres that is away ends nothing. */
  async #endOrphaned(): Promise<void> {
    if (this.#asking || this.#sessions.size === 0) return;
    this.#asking = true;
    try {
      const ids = new Set([...this.#sessions].flatMap(({ identity: { user, tokenUserId } }) => [user.id, tokenUserId]));
      const users = await this.options.configuration.usersById([...ids]);
      const found = new Map<string, User | null>([...ids].map((id, place) => [id, users[place] ?? null]));
      const isGone = (id: string): boolean => found.get(id) === null;
      this.#endWhere(({ user, tokenUserId }) => isGone(user.id) || isGone(tokenUserId), 'user no longer exists');
      this.#endWhere(
        ({ user, tokenUserId }) =>
          (user.isAdmin || user.id !== tokenUserId) && found.get(tokenUserId)?.isAdmin === false,
        'no longer an admin',
      );
    } catch (error) {
      this.options.logger.warn({ error }, 'could not look whether the users of open sockets are still there');
    } finally {
      this.#asking = false;
    }
  }

  #endWhere(isOver: (identity: Identity) => boolean, reason: string): void {
    for (const session of this.#sessions) {
      if (!isOver(session.identity)) continue;
      this.#sessions.delete(session);
      session.end(reason);
    }
  }
}
