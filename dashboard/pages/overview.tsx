import { Link } from 'wouter';
import { RangePicker } from '../range/range-picker.js';
import { useRange, useZone } from '../range/use-range.js';
import { Empty } from '../ui/notice.js';
import { useLink } from '../url/use-link.js';
import { useParam } from '../url/use-param.js';
import { ApplicationSelect } from './application-select.js';
import { useDelivery } from './delivery.js';
import { DeliveryPart } from './delivery-part.js';
import { EndpointList, NoEndpoints } from './endpoint-table.js';
import { useEndpoints } from './endpoints.js';
import { PageHead } from './page-head.js';

/** How deliveries go, of all endpoints or an application's together, and of each. */
export function Overview() {
  const [choice, choose] = useRange();
  const [zone] = useZone();
  const [applicationId, chooseApplication] = useParam('application', { isStep: true });
  const link = useLink();
  const source = { applicationId, endpointId: null };
  const { data: delivery, error, refetch, isPlaceholderData } = useDelivery(source, choice, zone);
  const { rows: endpoints } = useEndpoints(applicationId, choice, zone);
  const hasNoEndpoints = endpoints?.length === 0;
  if (delivery === null) {
    return (
      <Empty isPage title="There is no such application">
        <p>It may have been deleted, or belong to somebody else.</p>
        <p>
          <Link href={link('/', { application: null })}>All applications</Link>
        </p>
      </Empty>
    );
  }
  return (
    <>
      <PageHead title="Overview">
        <ApplicationSelect value={applicationId} onChange={chooseApplication} />
        <RangePicker />
      </PageHead>
      <DeliveryPart
        delivery={delivery}
        error={error}
        onRetry={() => refetch()}
        isStale={isPlaceholderData}
        zone={zone}
        choice={choice}
        choose={choose}
        empty={hasNoEndpoints ? <NoEndpoints /> : undefined}
      />
      {hasNoEndpoints ? null : <EndpointList applicationId={applicationId} choice={choice} zone={zone} />}
    </>
  );
}
