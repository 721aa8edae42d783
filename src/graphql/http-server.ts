import type { Server } from 'node:http';
import { codeOf, UserError } from '../platform/errors.js';

/** How long requests under way may take to end when the server closes, milliseconds. */
const DRAIN_WITHIN_MS = 6_000;

/** Resolves with the port, which the system picks for port 0. */
export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const isBusy = codeOf(error) === 'EADDRINUSE';
      reject(isBusy ? new UserError(`Port ${port} is taken by another process. Stop it, or set another PORT.`) : error);
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/** Takes no new requests, lets those under way end, and cuts off what is left after a while. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const impatient = setTimeout(() => server.closeAllConnections(), DRAIN_WITHIN_MS);
    server.close(() => {
      clearTimeout(impatient);
      resolve();
    });
  });
}
