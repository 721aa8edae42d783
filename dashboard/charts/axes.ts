import type uPlot from 'uplot';
import { clock, day } from '../format/times.js';
import { colorOf } from './colors.js';

const DAY_S = 86_400;
const FONT = '12px system-ui, sans-serif';

const lines = { stroke: () => colorOf('line'), width: 1 };
const text = { stroke: () => colorOf('muted'), font: FONT };

/** Clock times, and at midnights the day. */
export const timeAxis = (zone: string): uPlot.Axis => ({
  ...text,
  grid: { show: false },
  ticks: { ...lines, size: 4 },
  space: 64,
  size: 32,
  values: (_u, splits, _axis, _space, increment) =>
    splits.map((split) => {
      const time = split * 1_000;
      return increment >= DAY_S || clock(time, zone) === '00:00' ? day(time, zone) : clock(time, zone);
    }),
});

/** From zero up; as wide on every chart, so that their hours stand below each other. */
export const valueAxis = (format: (value: number) => string): uPlot.Axis => ({
  ...text,
  grid: lines,
  ticks: { show: false },
  border: { show: false },
  space: 30,
  size: 56,
  values: (_u, splits) => splits.map(format),
});

/** Buckets are drawn from their start on: the last one needs its width. */
export const wholeBuckets =
  (bucketSeconds: number): uPlot.Range.Function =>
  (u) => {
    const times = u.data[0];
    const first = times.at(0) ?? 0;
    return [first, (times.at(-1) ?? first) + bucketSeconds];
  };

export const fromZero: uPlot.Range.Function = (_u, _min, max) => [0, max > 0 ? max * 1.08 : 1];
