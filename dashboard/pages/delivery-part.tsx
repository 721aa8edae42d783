import type { ReactNode } from 'react';
import type { RangeChoice } from '../range/choice.js';
import { Failure } from '../ui/notice.js';
import type { Delivery } from './delivery.js';
import { DeliveryCharts } from './delivery-charts.js';
import { Figures } from './figures.js';

interface DeliveryPartProps {
  /** Undefined while there is none. */
  readonly delivery: Delivery | undefined;
  readonly error: Error | null;
  readonly onRetry: () => void;
  /** What is shown is of another range, and the right one on its way. */
  readonly isStale: boolean;
  readonly zone: string;
  readonly choice: RangeChoice;
  readonly choose: (choice: RangeChoice) => void;
  /** What is said where there are no attempts, rather than only that. */
  readonly empty?: ReactNode;
  /** What is shown below the charts. */
  readonly children?: ReactNode;
}

/** The figures and charts of a source. What keeps them away stands in their place; what keeps them from being renewed, over them. */
export function DeliveryPart(props: DeliveryPartProps) {
  const { delivery, error, onRetry, isStale, zone, choice, choose, empty, children } = props;
  const isMissing = error !== null && delivery === undefined;
  const failure =
    error === null ? null : (
      <Failure what="The numbers" error={error} onRetry={onRetry} place={isMissing ? 'part' : 'over'} />
    );
  return (
    <>
      <div className={isStale ? 'stale' : undefined} aria-busy={isStale}>
        <Figures delivery={isMissing ? null : delivery} choice={choice} />
        {isMissing ? (
          <div className="charts">{failure}</div>
        ) : (
          <DeliveryCharts delivery={delivery} zone={zone} choice={choice} choose={choose} empty={empty} />
        )}
        {children}
      </div>
      {isMissing ? null : failure}
    </>
  );
}
