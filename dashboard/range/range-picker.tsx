import { type FormEvent, useEffect, useRef, useState } from 'react';
import { dayAndClock } from '../format/times.js';
import { DAY_MS, isLastName, LAST, LONGEST_MS, lengthOf, type RangeChoice } from './choice.js';
import { useRange, useZone } from './use-range.js';
import { instantOf, wallTime } from './zone.js';
import { ZoneSelect } from './zone-select.js';

const CUSTOM = 'custom';

/** Which time is looked at, and in whose hours it is told. */
export function RangePicker() {
  const [choice, choose] = useRange();
  const [zone, chooseZone] = useZone();
  const [isOpen, setIsOpen] = useState(false);
  const custom = useRef<HTMLInputElement>(null);
  const chosen = choice.kind === 'last' ? choice.name : CUSTOM;

  function pick(name: string): void {
    setIsOpen(name === CUSTOM);
    if (isLastName(name)) choose({ kind: 'last', name });
  }
  function close(): void {
    setIsOpen(false);
    custom.current?.focus();
  }

  return (
    <div className="range">
      <ZoneSelect zone={zone} onChange={chooseZone} />
      <fieldset className="segments">
        <legend className="sr-only">Time range</legend>
        {Object.entries(LAST).map(([name, { label }]) => (
          <label key={name} title={`The last ${label}`}>
            <input
              type="radio"
              name="range"
              value={name}
              checked={!isOpen && chosen === name}
              onChange={() => pick(name)}
            />
            <span aria-hidden="true">{name}</span>
            <span className="sr-only">Last {label}</span>
          </label>
        ))}
        <label>
          <input
            type="radio"
            name="range"
            ref={custom}
            value={CUSTOM}
            checked={isOpen || chosen === CUSTOM}
            onChange={() => pick(CUSTOM)}
            onClick={() => setIsOpen(true)}
          />
          <span>
            {choice.kind === 'between' && !isOpen
              ? `${dayAndClock(choice.from, zone)} to ${dayAndClock(choice.to, zone)}`
              : 'Custom'}
          </span>
        </label>
      </fieldset>
      {isOpen ? (
        <CustomRange
          choice={choice}
          zone={zone}
          onChoose={(next) => {
            choose(next);
            close();
          }}
          onCancel={close}
        />
      ) : null}
    </div>
  );
}

interface CustomRangeProps {
  readonly choice: RangeChoice;
  readonly zone: string;
  readonly onChoose: (choice: RangeChoice) => void;
  readonly onCancel: () => void;
}

function CustomRange({ choice, zone, onChoose, onCancel }: CustomRangeProps) {
  const [problem, setProblem] = useState<string | null>(null);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);
  const [initial] = useState(() => {
    const to = choice.kind === 'between' ? choice.to : Date.now();
    return { from: wallTime(to - lengthOf(choice), zone), to: wallTime(to, zone) };
  });

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const from = instantOf(String(form.get('from')), zone);
    const to = instantOf(String(form.get('to')), zone);
    if (!(from < to)) setProblem('The beginning must be before the end.');
    else if (to - from > LONGEST_MS)
      setProblem(`At most ${LONGEST_MS / DAY_MS} days can be shown: choose a shorter range.`);
    else onChoose({ kind: 'between', from, to });
  }

  return (
    <form className="custom-range" onSubmit={submit} onKeyDown={({ key }) => key === 'Escape' && onCancel()}>
      <label>
        From <input ref={first} type="datetime-local" name="from" defaultValue={initial.from} required />
      </label>
      <label>
        To <input type="datetime-local" name="to" defaultValue={initial.to} required />
      </label>
      <button type="submit" className="primary">
        Show
      </button>
      <button type="button" onClick={onCancel}>
        Cancel
      </button>
      {problem === null ? null : (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}
