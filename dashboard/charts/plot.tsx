import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { onThemeChange } from '../theme/theme.js';
import { Swatch } from './measure.js';

/** What a chart tells of one place on it. */
interface Reading {
  readonly title: string;
  readonly values: readonly { readonly label: string; readonly color: string; readonly text: string }[];
}

interface Hover {
  readonly index: number;
  /** Where its middle is, in pixels from the left of the chart. */
  readonly left: number;
}

interface PlotProps {
  readonly label: string;
  readonly data: uPlot.AlignedData;
  /** What the chart is like at a width, the data apart; a new function makes a new chart. */
  readonly options: (width: number) => uPlot.Options;
  readonly height: number;
  /** What the pointer or the arrow keys are at. */
  readonly readingOf: (index: number) => Reading | undefined;
  readonly onSelect: (fromSeconds: number, toSeconds: number) => void;
}

const AWAY = { left: -10, top: -10 };

/** A time series on a canvas: hovered, walked through with the arrow keys, and zoomed into by dragging. */
export function Plot({ label, data, options, height, readingOf, onSelect }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef({ data, onSelect });
  latest.current = { data, onSelect };
  const [hover, setHover] = useState<Hover | null>(null);

  useLayoutEffect(() => {
    const element = place.current;
    if (element === null) return;
    const hooks: uPlot.Hooks.Arrays = {
      setCursor: [
        ({ cursor: { idxs, left = -1 } }) =>
          setHover((present) => {
            const index = idxs?.[0];
            const next = typeof index === 'number' && left >= 0 ? { index, left } : null;
            return present?.index === next?.index && present?.left === next?.left ? present : next;
          }),
      ],
      setSelect: [
        (u) => {
          const { left, width } = u.select;
          if (width < 4) return;
          latest.current.onSelect(u.posToVal(left, 'x'), u.posToVal(left + width, 'x'));
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    };
    let made: uPlot | null = null;
    const resizing = new ResizeObserver(() => {
      // It also tells of the size that the chart was just made for.
      if (made !== null && made.width !== element.clientWidth) made.setSize({ width: element.clientWidth, height });
    });
    // Each in a task of its own, so that the page answers between two of them.
    const making = setTimeout(() => {
      const wanted = options(element.clientWidth);
      made = new uPlot({ ...wanted, hooks: { ...wanted.hooks, ...hooks } }, latest.current.data, element);
      plot.current = made;
      resizing.observe(element);
    });
    return () => {
      clearTimeout(making);
      resizing.disconnect();
      made?.destroy();
      plot.current = null;
      setHover(null);
    };
  }, [options, height]);

  useLayoutEffect(() => plot.current?.setData(data), [data]);
  useEffect(() => onThemeChange(() => plot.current?.redraw(false)), []);

  const count = data[0].length;
  const last = Math.max(0, count - 1);
  function placeFor(key: string): number | undefined {
    if (key === 'Home') return 0;
    if (key === 'End') return last;
    if (key === 'ArrowRight') return Math.min(last, (hover?.index ?? -1) + 1);
    return key === 'ArrowLeft' ? Math.max(0, (hover?.index ?? count) - 1) : undefined;
  }
  function walk(event: KeyboardEvent): void {
    const u = plot.current;
    const at = u?.data[0][placeFor(event.key) ?? -1];
    if (u === null || at === undefined) return;
    event.preventDefault();
    u.setCursor({ left: u.valToPos(at, 'x'), top: u.bbox.height / 4 });
  }

  const shown = hover !== null && hover.index < count ? hover : null;
  const reading = readingOf(shown?.index ?? last);
  return (
    <div
      role="slider"
      tabIndex={0}
      className="plot"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={last}
      aria-valuenow={shown?.index ?? last}
      aria-valuetext={reading === undefined ? undefined : inOneLine(reading)}
      onKeyDown={walk}
      onBlur={() => plot.current?.setCursor(AWAY)}
    >
      <div ref={place} className="plot-canvas" style={{ height }} />
      {shown === null || reading === undefined ? null : (
        <Tooltip
          left={shown.left + (plot.current?.over.offsetLeft ?? 0)}
          width={place.current?.clientWidth ?? 0}
          reading={reading}
        />
      )}
    </div>
  );
}

const inOneLine = ({ title, values }: Reading): string =>
  `${title}: ${values.map(({ label, text }) => `${label} ${text}`).join(', ')}`;

interface TooltipProps {
  readonly left: number;
  readonly width: number;
  readonly reading: Reading;
}

/** On the side of the pointer that has room. */
function Tooltip({ left, width, reading: { title, values } }: TooltipProps) {
  const side = left > width / 2 ? { right: width - left + 12 } : { left: left + 12 };
  return (
    <div className="tooltip" style={side} aria-hidden="true">
      <strong>{title}</strong>
      {values.map(({ label, color, text }) => (
        <span key={label} className="tooltip-row">
          <Swatch color={color} />
          {label}
          <b>{text}</b>
        </span>
      ))}
    </div>
  );
}
