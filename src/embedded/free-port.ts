import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the range that systems take outgoing ports from: a client that keeps reconnecting while its server
 * restarts could otherwise be given the server's own port.
 */
const FIRST = 20_000;
const COUNT = 12_000;

/** A port that nobody listens on now, other than those in `taken`. */
export async function freePort(taken: readonly number[] = [], host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (!taken.includes(port) && (await isPortFree(port, host))) return port;
  }
  throw new Error(`no free port between ${FIRST} and ${FIRST + COUNT} on ${host}`);
}

export async function isPortFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host, exclusive: true });
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
