import { useEffect } from 'react';

/** What the browser's tab is called while this is shown; null leaves it as it is. */
export function useTitle(title: string | null): void {
  useEffect(() => {
    if (title !== null) document.title = `${title} · ethhook analytics`;
  }, [title]);
}
