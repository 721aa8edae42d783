import { type ReactNode, useCallback, useId } from 'react';
import uPlot from 'uplot';
import { useParam } from '../url/use-param.js';
import { fromZero, timeAxis, valueAxis, wholeBuckets } from './axes.js';
import { type Bucket, bucketLabel, startLabel } from './bucket.js';
import { ChartTable } from './chart-table.js';
import type { Measure } from './measure.js';
import { Plot } from './plot.js';

export interface ChartProps {
  readonly buckets: readonly Bucket[];
  readonly isHourly: boolean;
  readonly zone: string;
  readonly onSelect: (fromSeconds: number, toSeconds: number) => void;
}

interface TimeChartProps extends ChartProps {
  /** In the URL, of the charts that are shown as tables. */
  readonly name: string;
  readonly title: string;
  readonly legend: ReactNode;
  /** What is told of each bucket, in a table too. */
  readonly measures: readonly Measure[];
  /** What is drawn: the starts of the buckets, in seconds, then the values of each series. */
  readonly data: uPlot.AlignedData;
  /** How each of them is drawn; another list makes a new chart, as the next four do. */
  readonly series: readonly uPlot.Series[];
  /** Draws a series that uPlot is told not to. */
  readonly drawSeries?: (u: uPlot, index: number) => void;
  readonly points: uPlot.Cursor.Points;
  readonly axisText: (value: number) => string;
  readonly height: number;
}

/** The bucket that a place is over, rather than the one that begins nearest to it. */
const bucketUnder: uPlot.Cursor.DataIdxRefiner = (u, _series, nearest, time) =>
  time < (u.data[0][nearest] ?? time) ? Math.max(0, nearest - 1) : nearest;

/** Numbers over time as a chart, or as a table. */
export function TimeChart(props: TimeChartProps) {
  const { name, title, legend, measures, buckets, isHourly, zone, onSelect } = props;
  const { data, series, drawSeries, points, axisText, height } = props;
  const [tables, setTables] = useParam('table');
  const shownAsTables = tables?.split(',') ?? [];
  const isTable = shownAsTables.includes(name);
  const others = shownAsTables.filter((one) => one !== name);
  const id = useId();
  const options = useCallback(
    (width: number): uPlot.Options => ({
      width,
      height,
      legend: { show: false },
      cursor: { y: false, points, drag: { x: true, y: false, setScale: false }, dataIdx: bucketUnder },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone),
      scales: { x: { range: wholeBuckets(isHourly ? 3_600 : 86_400) }, y: { range: fromZero } },
      axes: [timeAxis(zone), valueAxis(axisText)],
      series: [{}, ...series],
      hooks: { drawSeries: drawSeries === undefined ? [] : [drawSeries] },
    }),
    [height, points, isHourly, zone, axisText, series, drawSeries],
  );
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
        <ChartTable
          first={isHourly ? 'Hour' : 'Day'}
          buckets={buckets}
          measures={measures}
          labelOf={({ start }) => startLabel(start, isHourly, zone)}
        />
      ) : (
        <Plot
          label={title}
          data={data}
          options={options}
          height={height}
          onSelect={onSelect}
          readingOf={(index) => {
            const bucket = buckets[index];
            return bucket === undefined
              ? undefined
              : {
                  title: bucketLabel(bucket.start, isHourly, zone),
                  values: measures.map(({ label, color, text }) => ({ label, color, text: text(bucket) })),
                };
          }}
        />
      )}
    </section>
  );
}
