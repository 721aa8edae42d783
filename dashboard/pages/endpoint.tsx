import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { EndpointDetails } from '../api/operations.js';
import { request } from '../api/request.js';
import { RangePicker } from '../range/range-picker.js';
import { useRange, useZone } from '../range/use-range.js';
import { Empty, Failure } from '../ui/notice.js';
import { useLink } from '../url/use-link.js';
import { Breakdowns } from './breakdowns.js';
import { useDelivery } from './delivery.js';
import { DeliveryPart } from './delivery-part.js';
import { EndpointSettings } from './endpoint-settings.js';
import { PageHead } from './page-head.js';

/** How deliveries to one endpoint go, and what they are made of. */
export function EndpointPage({ id }: { readonly id: string }) {
  const [choice, choose] = useRange();
  const [zone] = useZone();
  const link = useLink();
  const details = useQuery({
    queryKey: ['endpoint', id],
    queryFn: ({ signal }) => request(EndpointDetails, { id }, signal),
  });
  const { data, error, refetch, isPlaceholderData } = useDelivery(
    { applicationId: null, endpointId: id },
    choice,
    zone,
  );
  if (details.error !== null && details.data === undefined) {
    return <Failure what="The endpoint" error={details.error} onRetry={() => details.refetch()} place="page" />;
  }
  const endpoint = details.data?.endpoint;
  if (endpoint === null) {
    return (
      <Empty isPage title="There is no such endpoint">
        <p>It may have been deleted, or belong to somebody else.</p>
        <p>
          <Link href={link('/')}>All endpoints</Link>
        </p>
      </Empty>
    );
  }
  const delivery = data ?? undefined;
  return (
    <>
      <PageHead
        title={endpoint?.name}
        above={
          <p className="above">
            <Link href={link('/', { application: null })}>Overview</Link> <span className="muted">/</span>{' '}
            {endpoint === undefined ? null : (
              <>
                <Link href={link('/', { application: endpoint.application.id })}>{endpoint.application.name}</Link>{' '}
                {endpoint.isActive ? null : <span className="tag">Inactive</span>}
              </>
            )}
          </p>
        }
      >
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
      >
        {delivery?.breakdowns ? <Breakdowns endpointId={id} breakdowns={delivery.breakdowns} /> : null}
      </DeliveryPart>
      {/* How far down they stand is known once the numbers are. */}
      {endpoint === undefined || (data === undefined && error === null) ? null : (
        <EndpointSettings endpoint={endpoint} zone={zone} />
      )}
    </>
  );
}
