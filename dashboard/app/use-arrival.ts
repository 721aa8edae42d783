import { type RefObject, useEffect, useRef } from 'react';

/** A page that is gone to begins at its top, with the focus on its content; one that is come back to is as it was left. */
export function useArrival(path: string): RefObject<HTMLElement | null> {
  const content = useRef<HTMLElement>(null);
  const shown = useRef(path);
  const cameBackTo = useRef<string | null>(null);
  useEffect(() => {
    const comeBack = (): void => {
      cameBackTo.current = window.location.pathname;
    };
    window.addEventListener('popstate', comeBack);
    return () => window.removeEventListener('popstate', comeBack);
  }, []);
  useEffect(() => {
    if (shown.current !== path && cameBackTo.current !== path) {
      window.scrollTo(0, 0);
      content.current?.focus({ preventScroll: true });
    }
    shown.current = path;
    cameBackTo.current = null;
  }, [path]);
  return content;
}
