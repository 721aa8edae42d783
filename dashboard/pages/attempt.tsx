import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { Link } from 'wouter';
import { AttemptDetails, type AttemptDetailsQuery } from '../api/operations.js';
import { request } from '../api/request.js';
import { latency } from '../format/numbers.js';
import { inFull } from '../format/times.js';
import { useZone } from '../range/use-range.js';
import { Copied } from '../ui/copied.js';
import { Fact, Facts } from '../ui/facts.js';
import { Empty, Failure } from '../ui/notice.js';
import { PageSkeleton } from '../ui/skeleton.js';
import { Status } from '../ui/status.js';
import { useLink } from '../url/use-link.js';
import { AttemptTable } from './attempt-table.js';
import { EventCard } from './event-card.js';
import { PageHead } from './page-head.js';
import { reasonOf } from './reasons.js';

type Details = NonNullable<AttemptDetailsQuery['deliveryAttempt']>;

/** All that is known of one attempt, of its event, and of the other attempts to deliver that. */
export function AttemptPage({ id }: { readonly id: string }) {
  const [zone] = useZone();
  const link = useLink();
  const { data, error, refetch } = useQuery({
    queryKey: ['attempt', id],
    queryFn: ({ signal }) => request(AttemptDetails, { id }, signal),
    meta: { live: true },
  });
  if (error !== null && data === undefined) {
    return <Failure what="The attempt" error={error} onRetry={() => refetch()} place="page" />;
  }
  if (data === undefined) return <PageSkeleton />;
  const attempt = data.deliveryAttempt;
  if (attempt === null) {
    return (
      <Empty isPage title="There is no such attempt">
        <p>It may be older than what is kept, or belong to somebody else.</p>
        <p>
          <Link href={link('/attempts')}>All attempts</Link>
        </p>
      </Empty>
    );
  }
  return (
    <>
      <PageHead
        title={`Attempt ${attempt.attemptNumber} ${attempt.endpoint === null ? '' : `to ${attempt.endpoint.name}`}`}
        above={
          <p className="above">
            <Link href={link('/attempts')}>Attempts</Link>
          </p>
        }
      />
      <Outcome attempt={attempt} zone={zone} />
      {attempt.event === null ? (
        <div className="card">
          <Empty title="Its event is not here">
            <p>It has not arrived yet, or is older than what is kept of events.</p>
          </Empty>
        </div>
      ) : (
        <>
          <EventCard event={attempt.event} zone={zone} />
          <Siblings attempt={attempt} event={attempt.event} zone={zone} />
        </>
      )}
    </>
  );
}

function Outcome({ attempt, zone }: { readonly attempt: Details; readonly zone: string }) {
  const link = useLink();
  const id = useId();
  const { status, httpStatusCode, responseTimeMs, errorMessage, endpoint, createdAt, updatedAt } = attempt;
  return (
    <section className="card" aria-labelledby={id}>
      <header className="card-head">
        <h2 id={id}>Outcome</h2>
        <Status status={status} />
      </header>
      <Facts>
        <Fact name="Answer">
          {httpStatusCode === null ? 'none' : `${httpStatusCode} ${reasonOf(httpStatusCode.toString())}`}
        </Fact>
        <Fact name="Latency">{latency(responseTimeMs)}</Fact>
        {errorMessage === null ? null : (
          <Fact name="Error">
            <code>{errorMessage}</code>
          </Fact>
        )}
        <Fact name="Endpoint">
          {endpoint === null ? (
            'deleted'
          ) : (
            <>
              <Link href={link(`/endpoints/${endpoint.id}`)}>{endpoint.name}</Link>{' '}
              <span className="muted">
                {endpoint.application.name}, <code>{endpoint.url}</code>
              </span>
            </>
          )}
        </Fact>
        <Fact name="Begun">{inFull(Date.parse(createdAt), zone)}</Fact>
        <Fact name="Last change">{inFull(Date.parse(updatedAt), zone)}</Fact>
        <Fact name="Id">
          <Copied value={attempt.id} />
        </Fact>
      </Facts>
    </section>
  );
}

interface SiblingsProps {
  readonly attempt: Details;
  readonly event: NonNullable<Details['event']>;
  readonly zone: string;
}

function Siblings({ attempt, event, zone }: SiblingsProps) {
  const link = useLink();
  const id = useId();
  const { nodes = [], pageInfo } = event.deliveryAttempts ?? {};
  return (
    <section className="card" aria-labelledby={id}>
      <header className="card-head">
        <h2 id={id}>Attempts to deliver this event</h2>
        {pageInfo?.hasNextPage === true ? (
          <Link className="head-link" href={link('/attempts', { application: null, event: event.id })}>
            All of them
          </Link>
        ) : null}
      </header>
      <AttemptTable rows={nodes} zone={zone} presentId={attempt.id} />
    </section>
  );
}
