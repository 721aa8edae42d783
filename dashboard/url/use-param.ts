import { useCallback } from 'react';
import { useSearchParams } from 'wouter';

/** A part of the state that the URL keeps; null where it is as it is by default. */
export function useParam(name: string): readonly [string | null, (value: string | null) => void] {
  const [params, setParams] = useSearchParams();
  const change = useCallback(
    (value: string | null) =>
      setParams(
        (present) => {
          const next = new URLSearchParams(present);
          if (value === null || value === '') next.delete(name);
          else next.set(name, value);
          return next;
        },
        // How a page is looked at is no step to go back to.
        { replace: true },
      ),
    [name, setParams],
  );
  return [params.get(name), change];
}
