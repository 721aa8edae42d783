import { useCallback } from 'react';
import { useSearchParams } from 'wouter';

/** What is looked at on one page is looked at on the next: time, time zone and application. */
const KEPT = ['range', 'from', 'to', 'tz', 'application'];

/** A link within the dashboard that keeps these; `changes` adds others, or leaves out what is null there. */
export function useLink(): (path: string, changes?: Readonly<Record<string, string | null>>) => string {
  const [params] = useSearchParams();
  const text = params.toString();
  return useCallback(
    (path, changes = {}) => {
      const present = new URLSearchParams(text);
      const values = new Map([...KEPT.map((name) => [name, present.get(name)] as const), ...Object.entries(changes)]);
      const query = new URLSearchParams(
        [...values].flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
      );
      return query.size === 0 ? path : `${path}?${query}`;
    },
    [text],
  );
}
