import type { ReactNode } from 'react';
import { ApiError } from '../api/request.js';
import { useTitle } from './use-title.js';

interface EmptyProps {
  readonly title: string;
  /** Nothing else is on the page. */
  readonly isPage?: boolean;
  readonly children: ReactNode;
}

/** Nothing to show, and what to do about it. */
export function Empty({ title, isPage = false, children }: EmptyProps) {
  useTitle(isPage ? title : null);
  const Heading = isPage ? 'h1' : 'h2';
  return (
    <div className="empty">
      <Heading>{title}</Heading>
      {children}
    </div>
  );
}

interface FailureProps {
  /** What could not be shown. */
  readonly what: string;
  readonly error: Error;
  readonly onRetry: () => void;
  /** It stands for a whole page or a part of one, or over what could not be renewed, which stays where it is. */
  readonly place?: 'page' | 'part' | 'over';
}

/** What is wrong in the gateway's own words, and the id by which its log knows it. */
export function Failure({ what, error, onRetry, place = 'part' }: FailureProps) {
  const requestId = error instanceof ApiError ? error.requestId : null;
  const title = `${what} could not be loaded`;
  useTitle(place === 'page' ? title : null);
  const Heading = place === 'page' ? 'h1' : 'h2';
  return (
    <div className="failure" data-place={place} role="alert">
      <Heading>{title}</Heading>
      <p>{error.message}</p>
      <p className="failure-end">
        <button type="button" onClick={onRetry}>
          Try again
        </button>
        {requestId === null ? null : (
          <span className="muted">
            Request <code>{requestId}</code>
          </span>
        )}
      </p>
    </div>
  );
}
