import type { Bucket } from './bucket.js';
import type { Measure } from './measure.js';

interface ChartTableProps {
  /** What each row is. */
  readonly first: string;
  readonly buckets: readonly Bucket[];
  readonly measures: readonly Measure[];
  readonly labelOf: (bucket: Bucket) => string;
}

/** The numbers of a chart in words, the latest first. */
export function ChartTable({ first, buckets, measures, labelOf }: ChartTableProps) {
  return (
    <table className="chart-table">
      <thead>
        <tr>
          <th scope="col">{first}</th>
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
            {/* Where there is little room, the clock time stands below the day. */}
            <th scope="row">{labelOf(bucket).replaceAll(/(?<!,) /g, '\u00A0')}</th>
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
