import { SignJWT } from 'jose';

interface TokenOptions {
  /** The HS256 secret. */
  readonly secret: string;
  readonly userId: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly ttlMs: number;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
}

const seconds = (ms: number): number => Math.floor(ms / 1000);

/** A signed token that the gateway takes as this user. */
export function signToken({ secret, userId, now, ttlMs, issuer, audience }: TokenOptions): Promise<string> {
  const token = new SignJWT()
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setIssuedAt(seconds(now))
    .setExpirationTime(seconds(now + ttlMs));
  if (issuer !== undefined) token.setIssuer(issuer);
  if (audience !== undefined) token.setAudience(audience);
  return token.sign(new TextEncoder().encode(secret));
}
