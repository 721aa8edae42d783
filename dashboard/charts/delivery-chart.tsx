import { useCallback, useMemo } from 'react';
import uPlot from 'uplot';
import { useParam } from '../app/use-param.js';
import { axisCount, exactCount } from '../format/numbers.js';
import type { Bucket } from '../pages/delivery.js';
import { fromZero, timeAxis, valueAxis, wholeBuckets } from './axes.js';
import { bucketLabel } from './bucket-label.js';
import { ChartCard, type ChartProps } from './chart-card.js';
import { colorOf } from './colors.js';
import { OUTCOMES, type OutcomeKey, stack } from './outcomes.js';
import { Plot } from './plot.js';

const HEIGHT = 240;

const toggled = (keys: readonly OutcomeKey[], key: OutcomeKey): OutcomeKey[] =>
  keys.includes(key) ? keys.filter((one) => one !== key) : [...keys, key];

/** How many attempts ended how, hour by hour or day by day. */
export function DeliveryChart({ buckets, isHourly, zone, onSelect }: ChartProps) {
  const [hide, setHide] = useParam('hide');
  const hidden = useMemo(() => OUTCOMES.map(({ key }) => key).filter((key) => hide?.split(',').includes(key)), [hide]);
  const shown = useMemo(() => OUTCOMES.filter(({ key }) => !hidden.includes(key)), [hidden]);
  const data = useMemo<uPlot.AlignedData>(
    () => [
      buckets.map(({ start }) => start / 1_000),
      ...stack(
        buckets,
        shown.map(({ key }) => key),
      ),
    ],
    [buckets, shown],
  );
  const options = useCallback(
    (size: { width: number; height: number }): uPlot.Options => ({
      ...size,
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone),
      scales: { x: { range: wholeBuckets(isHourly ? 3_600 : 86_400) }, y: { range: fromZero } },
      axes: [timeAxis(zone), valueAxis(axisCount)],
      series: [
        {},
        ...shown.toReversed().map(({ label, color }) => ({
          label,
          fill: () => colorOf(color),
          width: 0,
          points: { show: false },
          ...(uPlot.paths.bars === undefined ? {} : { paths: uPlot.paths.bars({ size: [0.84, 64], align: 1 }) }),
        })),
      ],
    }),
    [shown, isHourly, zone],
  );
  const labelOf = (bucket: Bucket): string => bucketLabel(bucket.start, isHourly, zone);

  return (
    <ChartCard
      name="deliveries"
      title={isHourly ? 'Deliveries by hour' : 'Deliveries by day'}
      buckets={buckets}
      labelOf={labelOf}
      columns={OUTCOMES.map(({ key, label }) => ({ label, value: (bucket: Bucket) => exactCount(bucket[key]) }))}
      legend={OUTCOMES.map(({ key, label }) => (
        <button
          key={key}
          type="button"
          className="legend-item"
          aria-pressed={!hidden.includes(key)}
          title={hidden.includes(key) ? `Show ${label.toLowerCase()}` : `Hide ${label.toLowerCase()}`}
          onClick={() => setHide(toggled(hidden, key).join())}
        >
          <i className={`swatch swatch-${key}`} aria-hidden="true" />
          {label}
        </button>
      ))}
    >
      <Plot
        label="Deliveries over time"
        data={data}
        options={options}
        height={HEIGHT}
        onSelect={onSelect}
        say={(index) => {
          const bucket = buckets[index];
          if (bucket === undefined) return '';
          return `${labelOf(bucket)}: ${OUTCOMES.map(({ key, label }) => `${exactCount(bucket[key])} ${label.toLowerCase()}`).join(', ')}`;
        }}
        describe={(index) => {
          const bucket = buckets[index];
          if (bucket === undefined) return null;
          return (
            <>
              <strong>{labelOf(bucket)}</strong>
              {OUTCOMES.toReversed().map(({ key, label }) => (
                <span key={key} className="tooltip-row">
                  <i className={`swatch swatch-${key}`} />
                  {label}
                  <b>{exactCount(bucket[key])}</b>
                </span>
              ))}
            </>
          );
        }}
      />
    </ChartCard>
  );
}
