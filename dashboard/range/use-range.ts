import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'wouter';
import { choiceFrom, type RangeChoice, withChoice } from './choice.js';
import { browserZone, isZone } from './zone.js';

/** The range that the URL asks for, and what changes it. */
export function useRange(): readonly [RangeChoice, (choice: RangeChoice) => void] {
  const [params, setParams] = useSearchParams();
  const text = params.toString();
  const choice = useMemo(() => choiceFrom(new URLSearchParams(text)), [text]);
  const choose = useCallback((next: RangeChoice) => setParams((present) => withChoice(present, next)), [setParams]);
  return [choice, choose];
}

/** The time zone that the URL asks for, else the browser's. */
export function useZone(): readonly [string, (zone: string) => void] {
  const [params, setParams] = useSearchParams();
  const asked = params.get('tz');
  const zone = asked !== null && isZone(asked) ? asked : browserZone;
  const choose = useCallback(
    (next: string) =>
      setParams((present) => {
        const changed = new URLSearchParams(present);
        if (next === browserZone) changed.delete('tz');
        else changed.set('tz', next);
        return changed;
      }),
    [setParams],
  );
  return [zone, choose];
}
