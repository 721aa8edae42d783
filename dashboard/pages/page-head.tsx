import type { ReactNode } from 'react';
import { useTitle } from '../ui/use-title.js';

interface PageHeadProps {
  readonly title: string;
  /** What stands above the title. */
  readonly above?: ReactNode;
  readonly children?: ReactNode;
}

/** The title of a page, of its tab too, and what the page is governed by. */
export function PageHead({ title, above, children }: PageHeadProps) {
  useTitle(title);
  return (
    <header className="page-head">
      <div>
        {above}
        <h1>{title}</h1>
      </div>
      {children === undefined ? null : <div className="page-choices">{children}</div>}
    </header>
  );
}
