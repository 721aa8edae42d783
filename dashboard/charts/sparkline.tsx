interface SparklineProps {
  readonly points: readonly { readonly attempts: number; readonly failures: number; readonly expired: number }[];
}

const WIDTH = 120;
const HEIGHT = 28;

/** The course of an endpoint's attempts, what went wrong of them filled in. The numbers beside it say the same. */
export function Sparkline({ points }: SparklineProps) {
  const highest = Math.max(1, ...points.map(({ attempts }) => attempts));
  const x = (index: number): number => (points.length < 2 ? 0 : (index / (points.length - 1)) * WIDTH);
  const y = (count: number): number => HEIGHT - (count / highest) * (HEIGHT - 2);
  const line = (value: (point: SparklineProps['points'][number]) => number): string =>
    points.map((point, index) => `${x(index).toFixed(1)} ${y(value(point)).toFixed(1)}`).join('L');
  const wrong = line(({ failures, expired }) => failures + expired);
  return (
    <svg className="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {points.length < 2 ? null : (
        <>
          <path className="sparkline-wrong" d={`M0 ${HEIGHT}L${wrong}L${WIDTH} ${HEIGHT}Z`} />
          <path className="sparkline-all" d={`M${line(({ attempts }) => attempts)}`} />
        </>
      )}
    </svg>
  );
}
