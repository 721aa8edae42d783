import type { ReactNode } from 'react';
import { DeliveryChart } from '../charts/delivery-chart.js';
import { LatencyChart } from '../charts/latency-chart.js';
import { LAST, MINUTE_MS, type RangeChoice } from '../range/choice.js';
import { Empty } from '../ui/notice.js';
import { Skeleton } from '../ui/skeleton.js';
import type { Delivery } from './delivery.js';

interface DeliveryChartsProps {
  readonly delivery: Delivery | undefined;
  readonly zone: string;
  readonly choice: RangeChoice;
  readonly choose: (choice: RangeChoice) => void;
  /** What is said where there are no attempts, rather than only that. */
  readonly empty: ReactNode;
}

/** Both charts, or what to do where there is nothing to draw. Dragging over a chart chooses that time. */
export function DeliveryCharts({ delivery, zone, choice, choose, empty }: DeliveryChartsProps) {
  if (delivery === undefined) {
    return (
      <div className="charts">
        <Skeleton className="skeleton-card" />
        <Skeleton className="skeleton-card" />
      </div>
    );
  }
  if (delivery.totals.attempts === 0) {
    return (
      <div className="charts">
        <div className="card">{empty ?? <NoAttempts choice={choice} choose={choose} />}</div>
      </div>
    );
  }
  const onSelect = (fromSeconds: number, toSeconds: number): void => {
    const [from, to] = [fromSeconds, toSeconds].map((time) => Math.round((time * 1_000) / MINUTE_MS) * MINUTE_MS);
    if (from !== undefined && to !== undefined && from < to) choose({ kind: 'between', from, to });
  };
  const { buckets, isHourly } = delivery;
  return (
    <div className="charts">
      <DeliveryChart buckets={buckets} isHourly={isHourly} zone={zone} onSelect={onSelect} />
      <LatencyChart buckets={buckets} isHourly={isHourly} zone={zone} onSelect={onSelect} />
    </div>
  );
}

function NoAttempts({ choice, choose }: Pick<DeliveryChartsProps, 'choice' | 'choose'>) {
  return (
    <Empty
      title={choice.kind === 'last' ? `No attempts in the last ${LAST[choice.name].label}` : 'No attempts in this time'}
    >
      <p>They appear here by themselves, within a second of their delivery.</p>
      <p>
        {choice.kind === 'last' && choice.name === '30d' ? null : (
          <button type="button" onClick={() => choose({ kind: 'last', name: '30d' })}>
            Look at the last 30 days
          </button>
        )}
      </p>
      <p className="muted">
        For made-up traffic run <code>npx ethhook-analytics simulate --rate 20</code>
      </p>
    </Empty>
  );
}
