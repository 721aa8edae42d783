import type { ReactNode } from 'react';
import { Skeleton } from '../ui/skeleton.js';
import { useTitle } from '../ui/use-title.js';

interface PageHeadProps {
  /** Undefined while it is on its way. */
  readonly title: string | undefined;
  /** What stands above the title. */
  readonly above?: ReactNode;
  readonly children?: ReactNode;
}

/** The title of a page, of its tab too, and what the page is governed by. */
export function PageHead({ title, above, children }: PageHeadProps) {
  useTitle(title ?? null);
  return (
    <header className="page-head">
      <div>
        {above}
        <h1>{title ?? <Skeleton className="skeleton-title" />}</h1>
      </div>
      {children === undefined ? null : <div className="page-choices">{children}</div>}
    </header>
  );
}
