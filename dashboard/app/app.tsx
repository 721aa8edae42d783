import { useQueryClient } from '@tanstack/react-query';
import { Suspense, useEffect } from 'react';
import { Route, Switch, useLocation } from 'wouter';
import { useSession } from '../api/session.js';
import { LiveProvider } from '../live/live.js';
import { Overview } from '../pages/overview.js';
import { SignIn } from '../pages/sign-in.js';
import { Empty } from '../ui/notice.js';
import { PageSkeleton } from '../ui/skeleton.js';
import { PageBoundary, pageOf } from './page-boundary.js';
import { Shell } from './shell.js';

const EndpointPage = pageOf(async () => (await import('../pages/endpoint.js')).EndpointPage);
const Attempts = pageOf(async () => (await import('../pages/attempts.js')).Attempts);
const AttemptPage = pageOf(async () => (await import('../pages/attempt.js')).AttemptPage);
const MigrationPage = pageOf(async () => (await import('../pages/migration.js')).MigrationPage);

/** The page of the URL, or the way in: signing in does not leave the URL. */
export function App() {
  const { token, endedBecause } = useSession();
  const queries = useQueryClient();
  const [path] = useLocation();
  useEffect(() => {
    // Nothing of one user is shown to the next.
    if (token === null) queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'settings' });
  }, [token, queries]);
  if (token === null) return <SignIn endedBecause={endedBecause} />;
  return (
    <LiveProvider key={token} token={token}>
      <Shell>
        <PageBoundary key={path}>
          <Suspense fallback={<PageSkeleton />}>
            <Switch>
              <Route path="/">
                <Overview />
              </Route>
              <Route path="/endpoints/:id">{({ id }) => <EndpointPage key={id} id={id} />}</Route>
              <Route path="/attempts">
                <Attempts />
              </Route>
              <Route path="/attempts/:id">{({ id }) => <AttemptPage key={id} id={id} />}</Route>
              <Route path="/migration">
                <MigrationPage />
              </Route>
              <Route>
                <Empty isPage title="There is no such page">
                  <p>The link may be mistyped. Everything starts at the overview.</p>
                </Empty>
              </Route>
            </Switch>
          </Suspense>
        </PageBoundary>
      </Shell>
    </LiveProvider>
  );
}
