import { join } from 'node:path';
import express, { type Express, type Request } from 'express';

/** Whether each upstream answers; the names are those of errors. */
export type Readiness = Readonly<Record<'postgres' | 'clickhouse' | 'redis', boolean>>;

interface PagesOptions {
  /** The built playground. */
  readonly playgroundFolder: string;
  /** Filled in by the playground; in demo mode only. */
  readonly demoToken: string | undefined;
  readonly readiness: () => Promise<Readiness>;
}

/** Nothing but the gateway's own files; the editor styles itself inline and brings its font and icons along. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "connect-src 'self' ws: wss:",
  "frame-ancestors 'none'",
].join('; ');

/** Health, and the playground at `GET /graphql` for browsers. */
export function servePages(app: Express, { playgroundFolder, demoToken, readiness }: PagesOptions): void {
  app.get('/', (_request, response) => response.redirect(302, '/graphql'));
  app.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' });
  });
  app.get('/readyz', async (_request, response) => {
    const upstreams = await readiness();
    // Without ClickHouse or Redis configuration is still answered; without Postgres nobody can sign in.
    response
      .status(upstreams.postgres ? 200 : 503)
      .json({ status: upstreams.postgres ? 'ready' : 'not ready', upstreams });
  });

  app.get('/playground/settings.json', (_request, response) => {
    response.setHeader('cache-control', 'no-store');
    response.json({ demoToken: demoToken ?? null });
  });
  // The names of assets change with their content.
  app.use('/playground/assets', express.static(join(playgroundFolder, 'assets'), { immutable: true, maxAge: '1y' }));
  app.get('/graphql', (request, response, next) => {
    response.vary('accept');
    if (!wantsPage(request)) return next();
    response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
    response.setHeader('cache-control', 'no-cache');
    response.sendFile('index.html', { root: playgroundFolder }, (error) => {
      if (error !== undefined && !response.headersSent) {
        response.status(404).type('text').send('The playground has not been built. Run: npm run build\n');
      }
    });
  });
}

const wantsPage = (request: Request): boolean =>
  request.query['query'] === undefined && request.accepts(['json', 'html']) === 'html';
