import { Component, type ComponentType, lazy, type ReactNode } from 'react';
import { Failure } from '../ui/notice.js';

/** A page whose code is fetched when it is first gone to. */
export const pageOf = <Props extends object>(load: () => Promise<ComponentType<Props>>) =>
  lazy(async () => {
    try {
      return { default: await load() };
    } catch {
      throw new Error('Its code could not be fetched. The gateway cannot be reached, or was updated since you came.');
    }
  });

interface PageBoundaryState {
  readonly error: Error | null;
}

/** Says what keeps a page from being shown, where the whole dashboard would go away otherwise. */
export class PageBoundary extends Component<{ readonly children: ReactNode }, PageBoundaryState> {
  override state: PageBoundaryState = { error: null };

  static getDerivedStateFromError(error: Error): PageBoundaryState {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return <Failure what="This page" error={error} onRetry={() => window.location.reload()} place="page" />;
  }
}
