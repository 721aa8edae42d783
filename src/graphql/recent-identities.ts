import { performance } from 'node:perf_hooks';
import { RecentValues } from '../platform/recent-values.js';
import { isUuid } from '../records/codec.js';
import type { User } from '../records/configuration.js';
import type { ConfigurationStore } from '../stores/postgres/configuration-store.js';
import type { TokenVerifier, UserLookup } from './authentication.js';
import { WaveBatcher } from './waves/wave-batcher.js';

/** A signature is checked again at least so often, milliseconds: keys may be withdrawn. */
const TOKEN_LIFETIME_MS = 60_000;
/** Users are looked up again at least so often, milliseconds: changes are to show within a second. */
const USER_LIFETIME_MS = 500;
const MAX_ENTRIES = 10_000;
/** Longer tokens are verified every time, so that what is kept stays small. */
const MAX_TOKEN_LENGTH = 2_048;

/** Verifies a token that comes again and again once a minute. What is not accepted is not kept. */
export function verifyOnceAMinute(verify: TokenVerifier): TokenVerifier {
  const recent = new RecentValues<Awaited<ReturnType<TokenVerifier>>>({
    lifetimeMs: TOKEN_LIFETIME_MS,
    maxEntries: MAX_ENTRIES,
  });
  return async (token) => {
    const begun = performance.now();
    const known = recent.get(token, begun);
    if (known !== undefined && Date.now() < known.acceptedUntil) return known;
    const trusted = await verify(token);
    if (token.length <= MAX_TOKEN_LENGTH) recent.set(token, trusted, begun);
    return trusted;
  };
}

/** Looks users up in waves, and those that are found at most twice a second. */
export function createUserLookup(configuration: Pick<ConfigurationStore, 'usersById'>): UserLookup {
  const recent = new RecentValues<User>({ lifetimeMs: USER_LIFETIME_MS, maxEntries: MAX_ENTRIES });
  const waves = new WaveBatcher<string, User | null>({
    ask: (ids) => configuration.usersById(ids),
    mayDivide: () => false,
    maxWeight: 500,
    maxWaves: 2,
    gatherMs: 1,
  });
  return async (id) => {
    if (!isUuid(id)) return null;
    const key = id.toLowerCase();
    const begun = performance.now();
    const known = recent.get(key, begun);
    if (known !== undefined) return known;
    const user = await waves.ask({ shape: 'users', key, weight: 1, question: key });
    if (user !== null) recent.set(key, user, begun);
    return user;
  };
}
