import { useSettings } from '../api/settings.js';
import { latency, percent, shortCount } from '../format/numbers.js';
import { beforeLabel, DAY_MS, lengthOf, type RangeChoice } from '../range/choice.js';
import { Skeleton } from '../ui/skeleton.js';
import { type Change, changeOfCount, changeOfLatency, changeOfRate } from './change.js';
import type { Delivery } from './delivery.js';

interface Figure {
  readonly label: string;
  readonly value: string;
  readonly change: Change | null;
}

const LABELS = ['Events', 'Attempts', 'Success rate', 'Latency p50', 'Latency p95', 'Latency p99'];

const UNKNOWN: readonly Figure[] = LABELS.map((label) => ({ label, value: '–', change: null }));

function figuresOf({ totals, before }: Delivery): Figure[] {
  const counted = (label: string, key: 'totalEvents' | 'attempts'): Figure => ({
    label,
    value: shortCount(totals[key]),
    change: changeOfCount(totals[key], before[key]),
  });
  const timed = (label: string, key: 'p50LatencyMs' | 'p95LatencyMs' | 'p99LatencyMs'): Figure => ({
    label,
    value: latency(totals[key]),
    change: changeOfLatency(totals[key], before[key]),
  });
  return [
    counted('Events', 'totalEvents'),
    counted('Attempts', 'attempts'),
    {
      label: 'Success rate',
      value: percent(totals.successRate),
      change: changeOfRate(totals.successRate, before.successRate),
    },
    timed('Latency p50', 'p50LatencyMs'),
    timed('Latency p95', 'p95LatencyMs'),
    timed('Latency p99', 'p99LatencyMs'),
  ];
}

interface FiguresProps {
  /** Undefined while it is on its way, null where it cannot be had. */
  readonly delivery: Delivery | null | undefined;
  readonly choice: RangeChoice;
}

/** The totals of the range, each with its change against the period before, where that is still kept. */
export function Figures({ delivery, choice }: FiguresProps) {
  const { data: settings } = useSettings();
  const now = Date.now();
  const from = choice.kind === 'last' ? now - lengthOf(choice) : choice.from;
  const keptDays = settings?.attemptsRetentionDays ?? Number.POSITIVE_INFINITY;
  const keptFrom = now - keptDays * DAY_MS;
  const isComparable = from - lengthOf(choice) >= keptFrom;
  return (
    <>
      <dl className="figures card" aria-busy={delivery === undefined}>
        {delivery === undefined
          ? LABELS.map((label) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd className="figure">
                  <Skeleton className="skeleton-figure" />
                </dd>
                <dd className="change">
                  <Skeleton className="skeleton-change" />
                </dd>
              </div>
            ))
          : (delivery === null ? UNKNOWN : figuresOf(delivery)).map(({ label, value, change }) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd className="figure">{value}</dd>
                <dd className="change">
                  <ChangeText change={isComparable ? change : null} against={beforeLabel(choice)} />
                </dd>
              </div>
            ))}
      </dl>
      <p className="figures-note muted">
        {isComparable
          ? `Compared with ${beforeLabel(choice)}.`
          : `Attempts are kept for ${keptDays} days: ${from < keptFrom ? 'what is older is not counted' : 'there is too little to compare with'}.`}
      </p>
    </>
  );
}

function ChangeText({ change, against }: { readonly change: Change | null; readonly against: string }) {
  if (change === null) {
    return (
      <span className="muted" title={`Nothing is kept of ${against}`}>
        <span aria-hidden="true">–</span>
        <span className="sr-only">nothing to compare with</span>
      </span>
    );
  }
  return (
    <span className={`change-${change.meaning}`} title={`${change.said} against ${against}`}>
      <span aria-hidden="true">{change.text}</span>
      <span className="sr-only">
        {change.said} against {against}
      </span>
    </span>
  );
}
