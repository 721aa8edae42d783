import { useMemo } from 'react';
import type uPlot from 'uplot';
import { axisCount } from '../format/numbers.js';
import { useParam } from '../url/use-param.js';
import { drawBars } from './bars.js';
import { Swatch } from './measure.js';
import { OUTCOMES, type OutcomeKey, stack } from './outcomes.js';
import { type ChartProps, TimeChart } from './time-chart.js';

const HEIGHT = 240;
const NO_POINTS: uPlot.Cursor.Points = { show: false };

const toggled = (keys: readonly OutcomeKey[], key: OutcomeKey): OutcomeKey[] =>
  keys.includes(key) ? keys.filter((one) => one !== key) : [...keys, key];

/** How many attempts ended how, hour by hour or day by day. */
export function DeliveryChart(props: ChartProps) {
  const { buckets, isHourly } = props;
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
  const series = useMemo(
    () => shown.toReversed().map(({ label }): uPlot.Series => ({ label, points: { show: false }, paths: () => null })),
    [shown],
  );
  const drawSeries = useMemo(
    () =>
      drawBars(
        shown.toReversed().map(({ color }) => color),
        isHourly ? 3_600 : 86_400,
      ),
    [shown, isHourly],
  );

  return (
    <TimeChart
      {...props}
      name="deliveries"
      title={isHourly ? 'Deliveries by hour' : 'Deliveries by day'}
      legend={OUTCOMES.map(({ key, label, color }) => (
        <button
          key={key}
          type="button"
          className="legend-item"
          aria-pressed={!hidden.includes(key)}
          title={hidden.includes(key) ? `Show ${label.toLowerCase()}` : `Hide ${label.toLowerCase()}`}
          onClick={() => setHide(toggled(hidden, key).join())}
        >
          <Swatch color={color} />
          {label}
        </button>
      ))}
      measures={OUTCOMES}
      data={data}
      series={series}
      drawSeries={drawSeries}
      points={NO_POINTS}
      axisText={axisCount}
      height={HEIGHT}
    />
  );
}
