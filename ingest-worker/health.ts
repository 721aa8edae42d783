import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { messageOf } from '../src/platform/errors.js';
import { listen } from '../src/platform/http-server.js';
import type { Metrics } from '../src/platform/metrics.js';
import type { HeldBatch } from './hold.js';

/** What the worker says of itself. */
export interface Health {
  /** Whether every lane has its group and its store. */
  readonly ready: boolean;
  /** The phase of the move; null while it is not known. */
  readonly phase: string | null;
  /** By name, whether each is ready. */
  readonly lanes: Readonly<Record<string, boolean>>;
  /** By name, those that wait for somebody to mend what is refused. */
  readonly held: Readonly<Record<string, HeldBatch>>;
}

interface HealthOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly health: () => Health;
  readonly metrics: Metrics;
}

/**
 * Serves `/healthz` (the process lives, and what it holds), `/readyz` and `/metrics`. What is held is no reason to start
 * the worker anew, so it changes no status. Fails with a UserError where the port is busy.
 */
export async function serveHealth({ host, port, health, metrics }: HealthOptions): Promise<Server> {
  const server = createServer(({ url }, response) => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const path = url?.split('?', 1)[0];
    if (path === '/healthz') return answer(200, { alive: true, held: health().held });
    if (path === '/readyz') {
      const body = health();
      return answer(body.ready ? 200 : 503, body);
    }
    if (path !== '/metrics') return answer(404, { error: 'only /healthz, /readyz and /metrics are here' });
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      (error: unknown) => answer(500, { error: messageOf(error) }),
    );
  });
  await listen(server, { host, port, setting: 'WORKER_PORT' });
  return server;
}

export async function closeHealth(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
