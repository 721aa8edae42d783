import { useId } from 'react';
import { Link } from 'wouter';
import { Sparkline } from '../charts/sparkline.js';
import { exactCount, latency, percent, shortCount } from '../format/numbers.js';
import type { RangeChoice } from '../range/choice.js';
import { Empty, Failure } from '../ui/notice.js';
import { RowsSkeleton } from '../ui/skeleton.js';
import { useLink } from '../url/use-link.js';
import { useParam } from '../url/use-param.js';
import { type EndpointRow, SORTS, type Sort, sorted, useEndpoints } from './endpoints.js';
import { failureShare, troubleOf } from './trouble.js';

const COLUMNS: readonly { readonly sort: Sort; readonly label: string; readonly isNumber: boolean }[] = [
  { sort: 'name', label: 'Endpoint', isNumber: false },
  { sort: 'trouble', label: 'Trouble', isNumber: false },
  { sort: 'attempts', label: 'Attempts', isNumber: true },
  { sort: 'success', label: 'Success rate', isNumber: true },
  { sort: 'p95', label: 'Latency p95', isNumber: true },
];

interface EndpointListProps {
  /** Null for those of all applications. */
  readonly applicationId: string | null;
  readonly choice: RangeChoice;
  readonly zone: string;
}

/** Every endpoint, what is in trouble first. */
export function EndpointList({ applicationId, choice, zone }: EndpointListProps) {
  const { rows, error, refetch } = useEndpoints(applicationId, choice, zone);
  const [asked, ask] = useParam('sort');
  const sort = SORTS.find((one) => one === asked) ?? 'trouble';
  const id = useId();

  if (rows === undefined && error !== null) return <Failure what="Endpoints" error={error} onRetry={() => refetch()} />;
  return (
    <section className="card" aria-labelledby={id}>
      <header className="card-head">
        <h2 id={id}>Endpoints</h2>
        {rows === undefined ? null : <span className="muted">{exactCount(rows.length)}</span>}
      </header>
      <table className="endpoints" aria-busy={rows === undefined}>
        <thead>
          <tr>
            {COLUMNS.map(({ sort: column, label, isNumber }) => (
              <th
                key={column}
                scope="col"
                className={`column-${column}${isNumber ? ' number' : ''}`}
                aria-sort={
                  column === sort ? (column === 'name' || column === 'success' ? 'ascending' : 'descending') : 'none'
                }
              >
                <button type="button" className="sort" onClick={() => ask(column === 'trouble' ? null : column)}>
                  {label}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        {rows === undefined ? (
          <RowsSkeleton rows={6} columns={COLUMNS.map(({ sort: column }) => `column-${column}`)} />
        ) : (
          <tbody>
            {sorted(rows, sort).map((row) => (
              <Row key={row.id} row={row} />
            ))}
          </tbody>
        )}
      </table>
    </section>
  );
}

function Row({ row }: { readonly row: EndpointRow }) {
  const { id, name, isActive, application, stats, hourlyStats, dailyStats } = row;
  const link = useLink();
  const share = stats === null ? null : failureShare(stats);
  return (
    <tr>
      <th scope="row" className="column-name">
        <Link href={link(`/endpoints/${id}`)}>{name}</Link> {isActive ? null : <span className="tag">Inactive</span>}
        <small className="muted">{application.name}</small>
      </th>
      <td className="column-trouble">
        <span className="trouble">
          <Sparkline points={hourlyStats ?? dailyStats ?? []} />
          <span className="trouble-said" data-level={stats === null ? 'none' : levelOf(troubleOf(stats))}>
            {share === null ? 'no attempts' : share === 0 ? 'none failed' : `${percent(share * 100)} failed`}
          </span>
        </span>
      </td>
      <td className="column-attempts number">{shortCount(stats?.attempts ?? 0)}</td>
      <td className="column-success number">{percent(stats?.successRate ?? null)}</td>
      <td className="column-p95 number">{latency(stats?.p95LatencyMs ?? null)}</td>
    </tr>
  );
}

/** From which share on it is worth a colour. */
const levelOf = (trouble: number): 'high' | 'some' | 'none' =>
  trouble >= 0.1 ? 'high' : trouble >= 0.02 ? 'some' : 'none';

export function NoEndpoints() {
  return (
    <Empty title="No endpoints yet">
      <p>
        Endpoints are rows in the table <code>endpoints</code> of Postgres, each in one of your{' '}
        <code>applications</code>. Once you have one, its deliveries appear here as they happen.
      </p>
      <p>
        To look around with made-up traffic, run <code>npm start</code> without <code>--no-demo</code>.
      </p>
    </Empty>
  );
}
