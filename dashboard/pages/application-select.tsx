import { useQuery } from '@tanstack/react-query';
import { ApplicationNames } from '../api/operations.js';
import { request } from '../api/request.js';

interface ApplicationSelectProps {
  readonly value: string | null;
  readonly onChange: (id: string | null) => void;
}

/** Which application is looked at, null for all. */
export function ApplicationSelect({ value, onChange }: ApplicationSelectProps) {
  const { data } = useQuery({
    queryKey: ['application names'],
    queryFn: ({ signal }) => request(ApplicationNames, {}, signal),
    staleTime: 60_000,
  });
  const applications = data?.me.applications.nodes ?? [];
  return (
    <label>
      <span className="sr-only">Application</span>
      <select
        value={value ?? ''}
        title={applications.find(({ id }) => id === value)?.name}
        onChange={({ target }) => onChange(target.value === '' ? null : target.value)}
      >
        <option value="">All applications</option>
        {value !== null && !applications.some(({ id }) => id === value) ? (
          <option value={value}>{data === undefined ? '…' : value}</option>
        ) : null}
        {applications.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
