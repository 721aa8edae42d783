import type { Comparison } from './benchmark.js';
import type { Measurement } from './measure.js';

const WIDTH = 720;
const LABELS = 240;
const VALUES = 80;
const ROW = 28;

/** The p50 of each side, its requests a second or its size, as a bar on a logarithmic scale, from a tenth of the shortest. */
export function barChart({ title, sides }: Comparison): string {
  const { what, numberOf, labelOf } = axisOf(sides);
  const values = sides.map(numberOf);
  const [shortest, longest] = [Math.min(...values) / 10, Math.max(...values)];
  const bars = sides.map(({ name, timedOutAfterMs }, index) => {
    const value = values[index] ?? shortest;
    const length = ((WIDTH - LABELS - VALUES) * Math.log(value / shortest)) / Math.log(longest / shortest);
    const y = 40 + index * ROW;
    const label = timedOutAfterMs === null ? labelOf(value) : `> ${timedOutAfterMs / 1000} s`;
    return `  <text x="${LABELS - 8}" y="${y + 15}" text-anchor="end">${escapeXml(name)}</text>
  <rect x="${LABELS}" y="${y}" width="${length.toFixed(1)}" height="${ROW - 8}" fill="#4c6ef5"/>
  <text x="${(LABELS + length + 8).toFixed(1)}" y="${y + 15}">${label}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${48 + sides.length * ROW}" font-family="sans-serif" font-size="13" fill="#888" role="img" aria-label="${escapeXml(title)}">
  <text x="8" y="20" font-weight="bold">${escapeXml(title)} (${what}, logarithmic)</text>
${bars.join('\n')}
</svg>
`;
}

interface Axis {
  readonly what: string;
  numberOf(side: Measurement): number;
  labelOf(value: number): string;
}

function axisOf(sides: readonly Measurement[]): Axis {
  if (sides.some(({ load }) => load !== undefined)) {
    return {
      what: 'requests/s',
      numberOf: ({ load }) => load?.perSecond ?? Number.NaN,
      labelOf: (value) => `${value.toFixed(0)}/s`,
    };
  }
  if (sides.some(({ bytes }) => bytes !== undefined)) {
    return {
      what: 'MiB',
      numberOf: ({ bytes = Number.NaN }) => bytes / 2 ** 20,
      labelOf: (value) => `${value.toFixed(1)} MiB`,
    };
  }
  return {
    what: 'p50',
    numberOf: ({ p50Ms, timedOutAfterMs }) => timedOutAfterMs ?? p50Ms,
    labelOf: (value) => `${value.toFixed(1)} ms`,
  };
}

const escapeXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
