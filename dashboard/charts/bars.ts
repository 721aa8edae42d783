import type uPlot from 'uplot';
import { colorOf } from './colors.js';

/** Of the width of a bucket; the rest is the gap to the next. */
const FILLED = 0.84;
const WIDEST_PX = 64;

/**
 * Draws each series of stacked tops, the highest first, down to the top of the next. Each bar is a rectangle: the one path
 * that uPlot would make of hundreds of them takes a browser without a GPU many times as long.
 */
export const drawBars =
  (colors: readonly string[], bucketSeconds: number) =>
  (u: uPlot, index: number): void => {
    const [times, ...stacked] = u.data;
    const tops = stacked[index - 1] ?? [];
    const feet = stacked[index] ?? [];
    const x = (time: number): number => Math.round(u.valToPos(time, 'x', true));
    const y = (count: number): number => Math.round(u.valToPos(count, 'y', true));
    u.ctx.fillStyle = colorOf(colors[index - 1] ?? '');
    times.forEach((time, place) => {
      const top = tops[place] ?? 0;
      const foot = feet[place] ?? 0;
      if (top <= foot) return;
      const left = x(time);
      const width = Math.min((x(time + bucketSeconds) - left) * FILLED, WIDEST_PX * devicePixelRatio);
      // However few they are, they are seen.
      const height = Math.max(1, y(foot) - y(top));
      u.ctx.fillRect(left, y(foot) - height, Math.max(1, Math.round(width)), height);
    });
  };
