import { isUuid } from '../../records/codec.js';
import { clampToRetention } from '../../records/time-range.js';
import type { AttemptPageQuestion } from '../../stores/analytics-store.js';
import type { PageArgs } from '../connection.js';
import type { RequestContext } from '../context.js';
import { everythingKept, rangeOf } from '../limits.js';
import { type Connection, connectionOf, pageRequest } from '../page.js';
import type { DeliveryAttemptFilter } from './args.js';
import { type AttemptNode, attemptNode } from './node.js';

interface AttemptPageArgs extends PageArgs {
  readonly filter?: DeliveryAttemptFilter | null;
}

/** What the list belongs to, which narrows it beside its filter. */
interface Parent {
  readonly endpointId?: string;
  readonly eventId?: string;
}

/** A page of the user's attempts, newest first. What is someone else's, unknown or no UUID in a filter matches nothing. */
export async function attemptPage(
  context: RequestContext,
  args: AttemptPageArgs,
  parent: Parent = {},
): Promise<Connection<AttemptNode>> {
  const page = pageRequest(args);
  const question = await questionOf(context, args.filter ?? {}, parent);
  const records =
    question === null
      ? []
      : await context.analytics.attemptPage(
          { ...question, limit: page.limit, ...(page.after === undefined ? {} : { after: page.after }) },
          context.signal === undefined ? {} : { signal: context.signal },
        );
  return connectionOf(records.map(attemptNode), page, ({ createdAt, id }) => ({ time: createdAt, id }));
}

/** Null where nothing can match. */
async function questionOf(
  { user, now, services, loaders }: RequestContext,
  filter: Partial<DeliveryAttemptFilter>,
  parent: Parent,
): Promise<Omit<AttemptPageQuestion, 'limit'> | null> {
  const kept = everythingKept(now, services.attemptsRetentionDays);
  const { range: rangeInput, status, httpStatusCode, applicationId } = filter;
  const range =
    rangeInput === undefined || rangeInput === null
      ? kept
      : clampToRetention(rangeOf(rangeInput, now), now, services.attemptsRetentionDays);
  const endpointIds = idsIn(filter.endpointId, parent.endpointId);
  const eventIds = idsIn(filter.eventId, parent.eventId);
  const ofApplication = typeof applicationId === 'string' ? await loaders.endpointIds.load(applicationId) : undefined;
  const endpoints = intersection(endpointIds, ofApplication);
  if (range.from >= range.to || endpoints?.length === 0 || eventIds?.length === 0) return null;
  const httpStatusCodes = httpStatusCode?.filter((code) => code >= 100 && code <= 599);
  if (status?.length === 0 || httpStatusCodes?.length === 0) return null;
  const [eventId] = eventIds ?? [];
  return {
    userId: user.id,
    range,
    ...(endpoints === undefined ? {} : { endpointIds: endpoints }),
    ...(eventId === undefined ? {} : { eventId }),
    ...(status === undefined || status === null ? {} : { statuses: status }),
    ...(httpStatusCodes === undefined ? {} : { httpStatusCodes }),
  };
}

/** The one id that all of the filters mean; none where one is no UUID or they differ; undefined without filters. */
function idsIn(...filters: readonly (string | null | undefined)[]): string[] | undefined {
  const given = filters.filter((id) => typeof id === 'string').map((id) => id.toLowerCase());
  if (given.length === 0) return undefined;
  const distinct = [...new Set(given)];
  return distinct.length === 1 ? distinct.filter(isUuid) : [];
}

function intersection(a: readonly string[] | undefined, b: readonly string[] | undefined): string[] | undefined {
  if (a === undefined || b === undefined) return (a ?? b)?.slice();
  return a.filter((id) => b.includes(id));
}
