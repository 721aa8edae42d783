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
}

/** What is wrong in the gateway's own words, and the id by which its log knows it. */
export function Failure({ what, error, onRetry }: FailureProps) {
  const requestId = error instanceof ApiError ? error.requestId : null;
  return (
    <div className="failure" role="alert">
      <h2>{what} could not be loaded</h2>
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
