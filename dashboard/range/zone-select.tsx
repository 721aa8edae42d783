import { useMemo, useState } from 'react';
import { browserZone, zonesOnOffer } from './zone.js';

interface ZoneSelectProps {
  readonly zone: string;
  readonly onChange: (zone: string) => void;
}

const nameOf = (zone: string): string => zone.replaceAll('_', ' ');

/** In whose hours times are told. The zones, which are hundreds, are there once somebody is about to choose. */
export function ZoneSelect({ zone, onChange }: ZoneSelectProps) {
  const [isWanted, setIsWanted] = useState(false);
  const zones = useMemo(() => [...new Set([browserZone, zone, ...(isWanted ? zonesOnOffer() : [])])], [zone, isWanted]);
  const want = (): void => setIsWanted(true);
  return (
    <label className="zone">
      <span className="sr-only">Time zone</span>
      <select
        value={zone}
        title={nameOf(zone)}
        onChange={({ target }) => onChange(target.value)}
        onFocus={want}
        onPointerDown={want}
      >
        {zones.map((one) => (
          <option key={one} value={one}>
            {nameOf(one)}
          </option>
        ))}
      </select>
    </label>
  );
}
