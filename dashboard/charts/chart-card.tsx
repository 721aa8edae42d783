import { type ReactNode, useId } from 'react';
import { useParam } from '../app/use-param.js';
import type { Bucket } from '../pages/delivery.js';

export interface ChartProps {
  readonly buckets: readonly Bucket[];
  readonly isHourly: boolean;
  readonly zone: string;
  readonly onSelect: (fromSeconds: number, toSeconds: number) => void;
}

interface ChartCardProps {
  /** In the URL, of the charts that are shown as tables. */
  readonly name: string;
  readonly title: string;
  readonly legend: ReactNode;
  readonly buckets: readonly Bucket[];
  readonly labelOf: (bucket: Bucket) => string;
  readonly columns: readonly { readonly label: string; readonly value: (bucket: Bucket) => string }[];
  readonly children: ReactNode;
}

/** A chart, or the same numbers as a table. */
export function ChartCard({ name, title, legend, buckets, labelOf, columns, children }: ChartCardProps) {
  const [tables, setTables] = useParam('table');
  const shownAsTables = tables?.split(',') ?? [];
  const isTable = shownAsTables.includes(name);
  const others = shownAsTables.filter((one) => one !== name);
  const id = useId();
  return (
    <section className="card chart" aria-labelledby={id}>
      <header className="card-head">
        <h2 id={id}>{title}</h2>
        <div className="legend">{isTable ? null : legend}</div>
        <button
          type="button"
          className="quiet"
          aria-pressed={isTable}
          onClick={() => setTables((isTable ? others : [...others, name]).join())}
        >
          Table
        </button>
      </header>
      {isTable ? (
        <table className="chart-table">
          <thead>
            <tr>
              <th scope="col">Time</th>
              {columns.map(({ label }) => (
                <th key={label} scope="col" className="number">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {buckets.toReversed().map((bucket) => (
              <tr key={bucket.start}>
                <th scope="row">{labelOf(bucket)}</th>
                {columns.map(({ label, value }) => (
                  <td key={label} className="number">
                    {value(bucket)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        children
      )}
    </section>
  );
}
