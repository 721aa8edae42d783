import { type ReactNode, useId } from 'react';
import { Link } from 'wouter';
import type { BreakdownFragment } from '../api/operations.js';
import { OUTCOMES } from '../charts/outcomes.js';
import { exactCount, latency, percent } from '../format/numbers.js';
import { useLink } from '../url/use-link.js';
import type { Delivery } from './delivery.js';
import { reasonOf } from './reasons.js';

interface BreakdownsProps {
  readonly endpointId: string;
  readonly breakdowns: NonNullable<Delivery['breakdowns']>;
}

/** What the attempts of an endpoint are made of. */
export function Breakdowns({ endpointId, breakdowns: { httpStatusCode, attemptNumber } }: BreakdownsProps) {
  const link = useLink();
  if (httpStatusCode.length === 0) return null;
  return (
    <div className="breakdowns">
      <Breakdown
        title="By status code"
        what="Answer"
        rows={httpStatusCode}
        labelOf={({ key }) =>
          key === 'none' ? (
            'No answer'
          ) : (
            <>
              <Link href={link('/attempts', { application: null, endpoint: endpointId, code: key })}>{key}</Link>{' '}
              <span className="muted">{reasonOf(key)}</span>
            </>
          )
        }
      />
      <Breakdown
        title="By attempt number"
        what="Attempt"
        rows={attemptNumber.toSorted((a, b) => Number(a.key) - Number(b.key))}
        labelOf={({ key }) => (key === '1' ? 'First' : `Retry ${Number(key) - 1}`)}
      />
    </div>
  );
}

interface BreakdownProps {
  readonly title: string;
  /** What each row is. */
  readonly what: string;
  readonly rows: readonly BreakdownFragment[];
  readonly labelOf: (row: BreakdownFragment) => ReactNode;
}

function Breakdown({ title, what, rows, labelOf }: BreakdownProps) {
  const id = useId();
  const all = rows.reduce((sum, { attempts }) => sum + attempts, 0);
  const most = Math.max(...rows.map(({ attempts }) => attempts));
  return (
    <section className="card" aria-labelledby={id}>
      <header className="card-head">
        <h2 id={id}>{title}</h2>
      </header>
      <table className="breakdown">
        <thead>
          <tr>
            <th scope="col">{what}</th>
            <th scope="col">Outcome</th>
            <th scope="col" className="number">
              Attempts
            </th>
            <th scope="col" className="number">
              Share
            </th>
            <th scope="col" className="number breakdown-p95">
              Latency p95
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key}>
              <th scope="row">{labelOf(row)}</th>
              <td className="breakdown-bar">
                <span className="shares" aria-hidden="true" style={{ width: `${(100 * row.attempts) / most}%` }}>
                  {OUTCOMES.map(({ key, color }) => (
                    <i key={key} className={`swatch-${color}`} style={{ flexGrow: row[key] }} />
                  ))}
                </span>
              </td>
              <td className="number">{exactCount(row.attempts)}</td>
              <td className="number muted">{percent((100 * row.attempts) / all)}</td>
              <td className="number muted breakdown-p95">{latency(row.p95LatencyMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
