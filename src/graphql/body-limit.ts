import type { RequestHandler, Response } from 'express';

/**
 * Refuses a body that is too large as soon as that is known, by the length it is announced with or by what has come of
 * it: the body parser would read all of it before it says so. Has to stand right before it.
 */
export const limitBody =
  (maxBytes: number, refuse: (response: Response) => void): RequestHandler =>
  (request, response, next) => {
    if (Number(request.get('content-length') ?? 0) > maxBytes) return refuse(response);
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes && !response.headersSent) refuse(response);
    });
    next();
  };
