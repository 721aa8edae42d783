import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { DeliveryStatus } from '../api/operations.js';
import { EndpointNames } from '../api/operations.js';
import { request } from '../api/request.js';
import { STATUSES } from '../ui/statuses.js';
import { ApplicationSelect } from './application-select.js';
import { type AttemptFilter, codesIn, isNarrow } from './attempt-filter.js';

interface AttemptFilterBarProps {
  readonly filter: AttemptFilter;
  readonly onChange: (filter: AttemptFilter) => void;
}

const ALL_STATUSES: readonly DeliveryStatus[] = ['SUCCESS', 'FAILED', 'EXPIRED', 'PENDING'];
const NO_FILTER: AttemptFilter = { status: [], code: [], application: null, endpoint: null, event: null };

/** What the attempts are narrowed to; several narrow together. */
export function AttemptFilterBar({ filter, onChange }: AttemptFilterBarProps) {
  const { status } = filter;
  return (
    <search className="filters" aria-label="Filters" tabIndex={-1}>
      <fieldset className="segments">
        <legend className="sr-only">Status</legend>
        {ALL_STATUSES.map((one) => (
          <label key={one}>
            <input
              type="checkbox"
              checked={status.includes(one)}
              onChange={({ target }) =>
                onChange({
                  ...filter,
                  status: ALL_STATUSES.filter((each) => (each === one ? target.checked : status.includes(each))),
                })
              }
            />
            <span>{STATUSES[one]}</span>
          </label>
        ))}
      </fieldset>
      <ApplicationSelect
        value={filter.application}
        onChange={(application) => onChange({ ...filter, application, endpoint: null })}
      />
      <EndpointSelect
        application={filter.application}
        value={filter.endpoint}
        onChange={(endpoint) => onChange({ ...filter, endpoint })}
      />
      <CodeField key={filter.code.join()} codes={filter.code} onChange={(code) => onChange({ ...filter, code })} />
      {filter.event === null ? null : (
        <span className="tag">
          of event <code>{filter.event.slice(0, 8)}</code>
        </span>
      )}
      {isNarrow(filter) ? (
        <button type="button" className="quiet" onClick={() => onChange(NO_FILTER)}>
          Clear filters
        </button>
      ) : null}
    </search>
  );
}

interface EndpointSelectProps {
  /** Whose endpoints are on offer, null for all. */
  readonly application: string | null;
  readonly value: string | null;
  readonly onChange: (id: string | null) => void;
}

function EndpointSelect({ application, value, onChange }: EndpointSelectProps) {
  const { data } = useQuery({
    queryKey: ['endpoint names', application],
    queryFn: ({ signal }) => request(EndpointNames, { filter: { applicationId: application } }, signal),
    staleTime: 60_000,
  });
  const endpoints = data?.endpoints.nodes ?? [];
  const applications = Map.groupBy(endpoints, ({ application }) => application.id);
  return (
    <label>
      <span className="sr-only">Endpoint</span>
      <select
        value={value ?? ''}
        title={endpoints.find(({ id }) => id === value)?.name}
        onChange={({ target }) => onChange(target.value === '' ? null : target.value)}
      >
        <option value="">All endpoints</option>
        {value !== null && !endpoints.some(({ id }) => id === value) ? (
          <option value={value}>{data === undefined ? '…' : value}</option>
        ) : null}
        {[...applications].map(([id, members]) => (
          <optgroup key={id} label={members[0]?.application.name ?? ''}>
            {members.map((endpoint) => (
              <option key={endpoint.id} value={endpoint.id}>
                {endpoint.name}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

interface CodeFieldProps {
  readonly codes: readonly number[];
  readonly onChange: (codes: readonly number[]) => void;
}

function CodeField({ codes, onChange }: CodeFieldProps) {
  const [text, setText] = useState(codes.join(', '));
  const typed = codesIn(text);

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    apply();
  }
  function apply(): void {
    if (typed !== null && typed.join() !== codes.join()) onChange(typed);
  }

  return (
    <form className="code-field" onSubmit={submit}>
      <label>
        <span className="sr-only">HTTP status codes</span>
        <input
          inputMode="numeric"
          placeholder="Code: 500, 503"
          value={text}
          aria-invalid={typed === null}
          aria-describedby={typed === null ? 'code-problem' : undefined}
          onChange={({ target }) => setText(target.value)}
          onBlur={apply}
        />
      </label>
      {typed === null ? (
        <span id="code-problem" className="problem" role="alert">
          Codes are from 100 to 599
        </span>
      ) : null}
    </form>
  );
}
