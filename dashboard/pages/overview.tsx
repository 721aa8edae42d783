import { RangePicker } from '../range/range-picker.js';
import { useRange, useZone } from '../range/use-range.js';
import { Failure } from '../ui/notice.js';
import { useDelivery } from './delivery.js';
import { DeliveryCharts } from './delivery-charts.js';
import { EndpointList } from './endpoint-table.js';
import { Figures } from './figures.js';
import { PageHead } from './page-head.js';

/** How deliveries go, of all endpoints together and of each. */
export function Overview() {
  const [choice, choose] = useRange();
  const [zone] = useZone();
  const { data, error, refetch, isPlaceholderData } = useDelivery(null, choice, zone);
  const delivery = data ?? undefined;
  return (
    <>
      <PageHead title="Overview">
        <RangePicker />
      </PageHead>
      {error !== null ? <Failure what="The numbers" error={error} onRetry={() => refetch()} /> : null}
      {error !== null && delivery === undefined ? null : (
        <div className={isPlaceholderData ? 'stale' : undefined}>
          <Figures delivery={delivery} choice={choice} />
          <DeliveryCharts delivery={delivery} zone={zone} choice={choice} choose={choose} />
        </div>
      )}
      <EndpointList choice={choice} zone={zone} />
    </>
  );
}
