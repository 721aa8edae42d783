import { GraphQLError } from 'graphql';
import {
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import type { Logger } from '../platform/logger.js';
import type { User } from '../records/configuration.js';
import { badUserInput, forbidden, unauthenticated, upstreamUnavailable } from './errors.js';

export interface TokenSettings {
  /** HS256 secrets: any of them signs in. */
  readonly secrets: readonly string[];
  /** Where RS and ES keys are published. */
  readonly jwksUrl?: string | undefined;
  /** Checked when set. */
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
}

/** What a token says that is to be trusted. */
interface TrustedToken {
  readonly subject: string;
  /** When it is no longer accepted, leeway included, milliseconds since 1970; infinite where it does not expire. */
  readonly acceptedUntil: number;
}

/** Fails with UNAUTHENTICATED. */
export type TokenVerifier = (token: string) => Promise<TrustedToken>;

const CLOCK_LEEWAY_S = 30;
/** A key set's algorithms: never HS, so that a published key cannot be taken for a secret. */
const PUBLIC_KEY_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'];
/** Errors that say the key set could not be fetched, and nothing about the token. */
const KEYS_AWAY = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC']);

export function createTokenVerifier({ secrets, jwksUrl, issuer, audience }: TokenSettings): TokenVerifier {
  const keys = secrets.map((secret) => new TextEncoder().encode(secret));
  const keySet = jwksUrl === undefined ? undefined : createRemoteJWKSet(new URL(jwksUrl));
  const claims = {
    clockTolerance: CLOCK_LEEWAY_S,
    requiredClaims: ['sub'],
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  };

  const verifyBySecret = async (token: string): Promise<JWTPayload> => {
    let failure: unknown = unauthenticated('The token is signed with a method that is not accepted here.');
    for (const key of keys) {
      try {
        return (await jwtVerify(token, key, { ...claims, algorithms: ['HS256'] })).payload;
      } catch (error) {
        failure = error;
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
      }
    }
    throw failure;
  };

  const verifyByKeySet = async (token: string, keySet: JWTVerifyGetKey): Promise<JWTPayload> => {
    try {
      return (await jwtVerify(token, keySet, { ...claims, algorithms: PUBLIC_KEY_ALGORITHMS })).payload;
    } catch (error) {
      if (error instanceof errors.JOSEError && !KEYS_AWAY.has(error.code)) throw error;
      throw upstreamUnavailable('jwks');
    }
  };

  return async (token) => {
    try {
      // The algorithm picks the kind of key, and each kind is held to its own algorithms.
      const { sub, exp } =
        keySet !== undefined && algorithmOf(token) !== 'HS256'
          ? await verifyByKeySet(token, keySet)
          : await verifyBySecret(token);
      const acceptedUntil = exp === undefined ? Number.POSITIVE_INFINITY : (exp + CLOCK_LEEWAY_S) * 1000;
      if (typeof sub === 'string') return { subject: sub, acceptedUntil };
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw unauthenticated('The token has expired: get a new one.');
      if (error instanceof GraphQLError) throw error;
    }
    throw unauthenticated('The token is not valid here.');
  };
}

function algorithmOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).alg;
  } catch {
    return undefined;
  }
}

/** Null for an id that names nobody. Fails with an UpstreamError. */
export type UserLookup = (id: string) => Promise<User | null>;

/** Who asks, and for how long that is believed. */
export interface Identity {
  /** Whose data is answered: the token's user, or whom an admin acts for. */
  readonly user: User;
  /** The token's own user. */
  readonly tokenUserId: string;
  /** As the token's. */
  readonly acceptedUntil: number;
}

/** Whose request it is, from its headers. */
export type Authenticator = (headers: {
  readonly authorization: string | undefined;
  /** Whom an admin acts for: `x-ethhook-as-user`. */
  readonly asUser: string | undefined;
  /** Called once the token is trusted, before anybody is looked up, with an id in lower case; what it throws is thrown. */
  readonly beforeLookup?: (tokenUserId: string) => void | Promise<void>;
}) => Promise<Identity>;

/** Fails with UNAUTHENTICATED, with FORBIDDEN, or with the upstream's error where users cannot be looked up. */
export function createAuthenticator(verify: TokenVerifier, userOf: UserLookup, logger: Logger): Authenticator {
  return async ({ authorization, asUser, beforeLookup }) => {
    const token = /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1];
    if (token === undefined)
      throw unauthenticated('A token is needed: send the header `authorization: Bearer <token>`.');
    const { subject, acceptedUntil } = await verify(token);
    await beforeLookup?.(subject.toLowerCase());
    const user = await userOf(subject);
    if (user === null) throw unauthenticated('The token is for a user that does not exist.');
    const tokenUserId = user.id;
    if (asUser === undefined) return { user, tokenUserId, acceptedUntil };
    if (!user.isAdmin) throw forbidden('Only admins may act for another user: leave x-ethhook-as-user out.');
    const other = await userOf(asUser);
    if (other === null) throw badUserInput('x-ethhook-as-user: there is no such user.');
    logger.info({ admin: user.id, asUser: other.id }, 'an admin acts for a user');
    return { user: other, tokenUserId, acceptedUntil };
  };
}
