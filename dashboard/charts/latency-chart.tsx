import { useCallback, useMemo } from 'react';
import uPlot from 'uplot';
import { latency } from '../format/numbers.js';
import type { Bucket } from '../pages/delivery.js';
import { fromZero, timeAxis, valueAxis, wholeBuckets } from './axes.js';
import { bucketLabel } from './bucket-label.js';
import { ChartCard, type ChartProps } from './chart-card.js';
import { colorOf } from './colors.js';
import { Plot } from './plot.js';

const HEIGHT = 200;
const PERCENTILES = [
  { key: 'p99LatencyMs', label: 'p99', color: '--p99' },
  { key: 'p95LatencyMs', label: 'p95', color: '--p95' },
  { key: 'p50LatencyMs', label: 'p50', color: '--p50' },
] as const;

/** How long answers took, hour by hour or day by day; a gap where nothing was answered. */
export function LatencyChart({ buckets, isHourly, zone, onSelect }: ChartProps) {
  const bucketSeconds = isHourly ? 3_600 : 86_400;
  const data = useMemo<uPlot.AlignedData>(
    () => [
      buckets.map(({ start }) => start / 1_000),
      ...PERCENTILES.map(({ key }) => buckets.map((bucket) => bucket[key])),
    ],
    [buckets],
  );
  const options = useCallback(
    (size: { width: number; height: number }): uPlot.Options => ({
      ...size,
      legend: { show: false },
      cursor: { y: false, points: { size: 7 }, drag: { x: true, y: false, setScale: false } },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone),
      scales: { x: { range: wholeBuckets(bucketSeconds) }, y: { range: fromZero } },
      axes: [timeAxis(zone), valueAxis(latency)],
      series: [
        {},
        ...PERCENTILES.map(({ label, color }) => ({
          label,
          stroke: () => colorOf(color),
          width: 1.75,
          points: { show: bucketsAreFew, size: 5, fill: () => colorOf(color) },
        })),
      ],
    }),
    [bucketSeconds, zone],
  );
  const labelOf = (bucket: Bucket): string => bucketLabel(bucket.start, isHourly, zone);

  return (
    <ChartCard
      name="latency"
      title="Latency of answers"
      buckets={buckets}
      labelOf={labelOf}
      columns={PERCENTILES.map(({ key, label }) => ({ label, value: (bucket: Bucket) => latency(bucket[key]) }))}
      legend={PERCENTILES.map(({ key, label }) => (
        <span key={key} className="legend-item">
          <i className={`swatch swatch-${label}`} aria-hidden="true" />
          {label}
        </span>
      ))}
    >
      <Plot
        label="Latency over time"
        data={data}
        options={options}
        height={HEIGHT}
        onSelect={onSelect}
        say={(index) => {
          const bucket = buckets[index];
          if (bucket === undefined) return '';
          return `${labelOf(bucket)}: ${PERCENTILES.map(({ key, label }) => `${label} ${latency(bucket[key])}`).join(', ')}`;
        }}
        describe={(index) => {
          const bucket = buckets[index];
          if (bucket === undefined) return null;
          return (
            <>
              <strong>{labelOf(bucket)}</strong>
              {PERCENTILES.map(({ key, label }) => (
                <span key={key} className="tooltip-row">
                  <i className={`swatch swatch-${label}`} />
                  {label}
                  <b>{latency(bucket[key])}</b>
                </span>
              ))}
            </>
          );
        }}
      />
    </ChartCard>
  );
}

/** A line needs two points: few of them are dotted. */
const bucketsAreFew = (u: uPlot): boolean => u.data[0].length <= 3;
