import type { RequestHandler } from 'express';

const ANY_ORIGIN = '*';
const METHODS = 'GET, POST';
const HEADERS =
  'authorization, content-type, x-request-id, x-ethhook-as-user, apollo-require-preflight, x-apollo-operation-name';
const EXPOSED = 'x-request-id, retry-after';
/** How long a browser may remember what it was told, seconds. */
const REMEMBERED_S = 600;

/**
 * Lets pages of other origins ask: those listed, or any where the list has `*`. Tokens are sent by scripts and never by
 * browsers themselves, so that credentials are not asked for.
 */
export function allowOrigins(origins: readonly string[]): RequestHandler {
  return (request, response, next) => {
    if (origins.length === 0) return next();
    response.vary('origin');
    const origin = request.get('origin');
    if (origin === undefined || !(origins.includes(origin) || origins.includes(ANY_ORIGIN))) return next();
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', EXPOSED);
    if (request.method === 'OPTIONS' && request.get('access-control-request-method') !== undefined) {
      response.setHeader('access-control-allow-methods', METHODS);
      response.setHeader('access-control-allow-headers', HEADERS);
      response.setHeader('access-control-max-age', REMEMBERED_S);
    }
    next();
  };
}
