import type { Server } from 'node:http';
import { codeOf, UserError } from './errors.js';

/** Where a server listens, and what sets it there, for the error of a busy port. */
export interface ListenAddress {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** The variable or option to change. */
  readonly setting: string;
}

/** How long requests under way may take to end when the server closes, milliseconds. */
const DRAIN_WITHIN_MS = 6_000;
const NOT_OURS_TO_TAKE = new Set(['EADDRINUSE', 'EACCES']);

/** Resolves with the port. Fails with a {@link UserError} where it is busy or may not be used. */
export function listen(server: Server, address: ListenAddress): Promise<number> {
  const { host, port } = address;
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(NOT_OURS_TO_TAKE.has(codeOf(error) ?? '') ? busyPort(address) : error));
    server.listen(port, host, () => {
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}

export const busyPort = ({ host, port, setting }: ListenAddress): UserError =>
  new UserError(`Port ${port} on ${host} is busy or may not be used. Stop what listens there, or set ${setting}.`);

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
