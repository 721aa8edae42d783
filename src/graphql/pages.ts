import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import type { Metrics } from '../platform/metrics.js';

/** Whether each upstream answers; the names are those of errors. */
export type Readiness = Readonly<Record<'postgres' | 'clickhouse' | 'redis', boolean>>;

interface PagesOptions {
  /** The built pages: `app`, the dashboard, and `playground`. */
  readonly folder: string;
  /** In demo mode only: what the pages sign in with at one click. */
  readonly demoToken: string | undefined;
  /** Told to the dashboard. */
  readonly attemptsRetentionDays: number;
  /** Whether there is a playground. */
  readonly playground: boolean;
  readonly readiness: () => Promise<Readiness>;
  readonly metrics: Metrics;
}

/** Nothing but the gateway's own files, nothing inline, and in no frame. */
const DASHBOARD_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The same for the playground, but that its editor styles itself inline and brings its font and icons along. */
const PLAYGROUND_POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "connect-src 'self' ws: wss:",
  "frame-ancestors 'none'",
].join('; ');

/** The paths that the dashboard shows something at: each may be opened as a link. */
const DASHBOARD_PATHS = ['/', '/endpoints/:id', '/attempts', '/attempts/:id', '/migration'];
/** Whatever is not GraphQL's. */
const ELSEWHERE = /^(?!\/graphql(\/|$))/i;

/**
 * Health, metrics, the dashboard at `GET /`, and for browsers the playground at `GET /graphql` and a page that says so where
 * there is nothing.
 */
export function servePages(app: Express, options: PagesOptions): void {
  app.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' });
  });
  app.get('/readyz', async (_request, response) => {
    const upstreams = await options.readiness();
    // Without ClickHouse or Redis configuration is still answered; without Postgres nobody can sign in.
    response
      .status(upstreams.postgres ? 200 : 503)
      .json({ status: upstreams.postgres ? 'ready' : 'not ready', upstreams });
  });
  app.get('/metrics', async (_request, response) => {
    response.setHeader('content-type', options.metrics.contentType);
    response.send(await options.metrics.text());
  });

  const dashboard = join(options.folder, 'app');
  const playground = join(options.folder, 'playground');
  app.get(['/dashboard/settings.json', '/playground/settings.json'], (_request, response) => {
    response.setHeader('cache-control', 'no-store');
    const { demoToken = null, attemptsRetentionDays, playground } = options;
    response.json({ demoToken, attemptsRetentionDays, playground });
  });
  if (options.playground) app.use('/playground/assets', assetsIn(join(playground, 'assets')));
  app.use('/dashboard/assets', assetsIn(join(dashboard, 'assets')));
  app.use('/dashboard', express.static(dashboard, { index: false }));
  app.get(DASHBOARD_PATHS, (_request, response) => {
    sendPage(response, dashboard, DASHBOARD_POLICY);
  });
  app.get('/graphql', (request, response, next) => {
    response.vary('accept');
    if (!options.playground || !wantsPage(request)) return next();
    sendPage(response, playground, PLAYGROUND_POLICY);
  });
  app.get(ELSEWHERE, (request, response, next) => {
    response.vary('accept');
    if (!wantsPage(request)) return next();
    sendPage(response.status(404), dashboard, DASHBOARD_POLICY, 'not-found.html');
  });
}

/** Scripts and style sheets are sent as the build has compressed them, to whoever takes that. */
function assetsIn(folder: string): RequestHandler[] {
  const compressed = new Set(existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.gz')) : []);
  return [
    (request, response, next) => {
      response.vary('accept-encoding');
      const name = `${request.path.slice(1)}.gz`;
      if (compressed.has(name) && request.acceptsEncodings('gzip') !== false) request.url = `/${name}`;
      next();
    },
    express.static(folder, {
      // The names of assets change with their content.
      immutable: true,
      maxAge: '1y',
      setHeaders: (response, path) => {
        if (!path.endsWith('.gz')) return;
        response.setHeader('content-encoding', 'gzip');
        response.setHeader('content-type', path.endsWith('.css.gz') ? 'text/css' : 'text/javascript');
      },
    }),
  ];
}

function sendPage(response: Response, folder: string, policy: string, name = 'index.html'): void {
  response.setHeader('content-security-policy', policy);
  response.setHeader('cache-control', 'no-cache');
  response.sendFile(name, { root: folder }, (error) => {
    if (error !== undefined && !response.headersSent) {
      response.status(404).type('text').send('The pages have not been built. Run: npm run build\n');
    }
  });
}

const wantsPage = (request: Request): boolean =>
  request.query['query'] === undefined && request.accepts(['json', 'html']) === 'html';
