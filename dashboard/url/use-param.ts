import { useCallback } from 'react';
import { useSearchParams } from 'wouter';

/**
 * A part of the state that the URL keeps; null where it is as it is by default. How a page is looked at is no step to go
 * back to; what is looked at is one (`isStep`).
 */
export function useParam(
  name: string,
  { isStep = false } = {},
): readonly [string | null, (value: string | null) => void] {
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
        { replace: !isStep },
      ),
    [name, isStep, setParams],
  );
  return [params.get(name) || null, change];
}
