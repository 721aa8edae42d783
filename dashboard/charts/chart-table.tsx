import type { Bucket } from './bucket.js';
import type { Measure } from './measure.js';

interface ChartTableProps {
  readonly buckets: readonly Bucket[];
  readonly measures: readonly Measure[];
  readonly labelOf: (bucket: Bucket) => string;
}

/** The numbers of a chart in words, the latest first. */
export function ChartTable({ buckets, measures, labelOf }: ChartTableProps) {
  return (
    <table className="chart-table">
      <thead>
        <tr>
          <th scope="col">Time</th>
          {measures.map(({ label }) => (
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
            {measures.map(({ label, text }) => (
              <td key={label} className="number">
                {text(bucket)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
