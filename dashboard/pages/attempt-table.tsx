import { Link } from 'wouter';
import type { AttemptRowFragment } from '../api/operations.js';
import { latency } from '../format/numbers.js';
import { toTheSecond } from '../format/times.js';
import { RowsSkeleton } from '../ui/skeleton.js';
import { Status } from '../ui/status.js';
import { useLink } from '../url/use-link.js';

interface AttemptTableRow extends AttemptRowFragment {
  readonly endpoint: { readonly id: string; readonly name: string } | null;
}

interface AttemptTableProps {
  readonly rows: readonly AttemptTableRow[] | undefined;
  readonly zone: string;
  /** The one that is looked at. */
  readonly presentId?: string;
}

const COLUMNS = [
  { className: 'column-time', label: 'Time' },
  { className: 'column-status', label: 'Status' },
  { className: 'column-endpoint', label: 'Endpoint' },
  { className: 'number column-number', label: 'Attempt' },
  { className: 'number column-code', label: 'Code' },
  { className: 'number column-latency', label: 'Latency' },
  { className: 'column-error', label: 'Error' },
];

/** Attempts, each a link to all that is known of it. */
export function AttemptTable({ rows, zone, presentId }: AttemptTableProps) {
  const link = useLink();
  return (
    <table className="attempts" aria-busy={rows === undefined}>
      <thead>
        <tr>
          {COLUMNS.map(({ className, label }) => (
            <th key={label} scope="col" className={className}>
              {label}
            </th>
          ))}
        </tr>
      </thead>
      {rows === undefined ? (
        <RowsSkeleton rows={12} columns={COLUMNS.map(({ className }) => className)} />
      ) : (
        <tbody>
          {rows.map((row) => (
            <tr key={row.id} aria-current={row.id === presentId ? 'true' : undefined}>
              <th scope="row" className="column-time">
                <Link className="row-link" href={link(`/attempts/${row.id}`)}>
                  <time dateTime={row.createdAt}>{toTheSecond(Date.parse(row.createdAt), zone)}</time>
                </Link>
                <small className="endpoint-below muted">{row.endpoint?.name}</small>
              </th>
              <td>
                <Status status={row.status} />
              </td>
              <td className="column-endpoint">{row.endpoint?.name ?? <span className="muted">deleted</span>}</td>
              <td className="number column-number">{row.attemptNumber}</td>
              <td className="number column-code">{row.httpStatusCode ?? '–'}</td>
              <td className="number column-latency">{latency(row.responseTimeMs)}</td>
              <td className="column-error muted" title={row.errorMessage ?? undefined}>
                {row.errorMessage}
              </td>
            </tr>
          ))}
        </tbody>
      )}
    </table>
  );
}
