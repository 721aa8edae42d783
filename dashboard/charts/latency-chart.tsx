import { useMemo } from 'react';
import type uPlot from 'uplot';
import { latency } from '../format/numbers.js';
import type { Bucket } from './bucket.js';
import { colorOf } from './colors.js';
import { Swatch } from './measure.js';
import { type ChartProps, TimeChart } from './time-chart.js';

const HEIGHT = 200;
const POINTS: uPlot.Cursor.Points = { size: 7 };
const PERCENTILES = [
  { key: 'p99LatencyMs', label: 'p99', color: 'p99', text: ({ p99LatencyMs }: Bucket) => latency(p99LatencyMs) },
  { key: 'p95LatencyMs', label: 'p95', color: 'p95', text: ({ p95LatencyMs }: Bucket) => latency(p95LatencyMs) },
  { key: 'p50LatencyMs', label: 'p50', color: 'p50', text: ({ p50LatencyMs }: Bucket) => latency(p50LatencyMs) },
] as const;

/** A line needs two points: few of them are dotted. */
const bucketsAreFew = (u: uPlot): boolean => u.data[0].length <= 3;

const SERIES = PERCENTILES.map(
  ({ label, color }): uPlot.Series => ({
    label,
    stroke: () => colorOf(color),
    width: 1.75,
    points: { show: bucketsAreFew, size: 5, fill: () => colorOf(color) },
  }),
);

/** How long answers took, hour by hour or day by day; a gap where nothing was answered. */
export function LatencyChart(props: ChartProps) {
  const { buckets, isHourly } = props;
  const data = useMemo<uPlot.AlignedData>(
    () => [
      buckets.map(({ start }) => start / 1_000),
      ...PERCENTILES.map(({ key }) => buckets.map((bucket) => bucket[key])),
    ],
    [buckets],
  );
  return (
    <TimeChart
      {...props}
      name="latency"
      title={isHourly ? 'Latency by hour' : 'Latency by day'}
      legend={PERCENTILES.map(({ label, color }) => (
        <span key={label} className="legend-item">
          <Swatch color={color} />
          {label}
        </span>
      ))}
      measures={PERCENTILES}
      data={data}
      series={SERIES}
      points={POINTS}
      axisText={latency}
      height={HEIGHT}
    />
  );
}
