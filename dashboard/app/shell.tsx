import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import { Me } from '../api/operations.js';
import { request } from '../api/request.js';
import { signOut } from '../api/session.js';
import { useSettings } from '../api/settings.js';
import { LiveBadge, ReconnectNotice } from '../live/live-badge.js';
import { ThemeSwitch } from '../theme/theme-switch.js';
import { Mark } from '../ui/icons.js';
import { useLink } from '../url/use-link.js';
import { useArrival } from './use-arrival.js';
import { useKeptFocus } from './use-kept-focus.js';

const isBelow = (path: string, href: string): boolean =>
  href === '/' ? path === '/' || path.startsWith('/endpoints/') : path.startsWith(href);

/** What surrounds every page: where one is, whether it is live, who one is. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const { data, isPending: isUserPending } = useQuery({
    queryKey: ['me'],
    queryFn: ({ signal }) => request(Me, {}, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const { data: settings, isPending: areSettingsPending } = useSettings();
  const [path] = useLocation();
  const link = useLink();
  const content = useArrival(path);
  useKeptFocus(content);
  const places = [
    { href: '/', label: 'Overview' },
    { href: '/attempts', label: 'Attempts' },
    ...(data?.me.isAdmin === true ? [{ href: '/migration', label: 'Migration' }] : []),
  ];
  return (
    <>
      <a className="skip" href="#content">
        Skip to content
      </a>
      <header className="bar">
        <div className="bar-inner">
          <Link className="brand" href={link('/')}>
            <Mark />
            <span>ethhook</span>
          </Link>
          <nav aria-label="Pages">
            {places.map(({ href, label }) => (
              <Link key={href} href={link(href)} aria-current={isBelow(path, href) ? 'page' : undefined}>
                {label}
              </Link>
            ))}
            {settings?.playground === true && !isUserPending ? <a href="/graphql">Playground</a> : null}
          </nav>
          <div className="bar-end">
            <span className="who" title={data?.me.email}>
              {data?.me.name ?? data?.me.email}
            </span>
            <LiveBadge />
            <ThemeSwitch />
            <button type="button" className="quiet" onClick={() => signOut()}>
              Sign out
            </button>
          </div>
        </div>
      </header>
      <ReconnectNotice />
      {/* How much room a page needs depends on them; what it shows is asked for meanwhile. */}
      <main id="content" ref={content} tabIndex={-1} hidden={areSettingsPending}>
        {children}
      </main>
    </>
  );
}
