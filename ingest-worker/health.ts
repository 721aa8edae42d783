import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { listen } from '../src/platform/http-server.js';

interface HealthOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** What `/readyz` answers with; ready or not decides between 200 and 503. */
  readonly readiness: () => { readonly ready: boolean };
}

/** Serves `/healthz` (the process lives) and `/readyz`. Fails with a UserError where the port is busy. */
export async function serveHealth({ host, port, readiness }: HealthOptions): Promise<Server> {
  const server = createServer(({ url }, response) => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const path = url?.split('?', 1)[0];
    if (path === '/healthz') return answer(200, { alive: true });
    if (path !== '/readyz') return answer(404, { error: 'only /healthz and /readyz are here' });
    const body = readiness();
    answer(body.ready ? 200 : 503, body);
  });
  await listen(server, { host, port, setting: 'WORKER_PORT' });
  return server;
}

export async function closeHealth(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
