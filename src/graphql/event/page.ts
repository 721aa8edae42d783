import { clampToRetention } from '../../records/time-range.js';
import type { EventPageQuestion } from '../../stores/analytics-store.js';
import type { RequestContext } from '../context.js';
import { everythingKept, rangeOf } from '../limits.js';
import { type Connection, connectionOf, pageRequest } from '../page.js';
import type { EventFilter, EventsArgs } from './args.js';
import { type EventNode, eventNode } from './node.js';

/** A page of the events that the user has an attempt of, newest first. What no event can have in a filter matches nothing. */
export async function eventPage(context: RequestContext, args: EventsArgs): Promise<Connection<EventNode>> {
  const page = pageRequest(args);
  const question = questionOf(context, args.filter ?? {});
  const events =
    question === null
      ? []
      : await context.analytics.eventPage(
          { ...question, limit: page.limit, ...(page.after === undefined ? {} : { after: page.after }) },
          context.signal === undefined ? {} : { signal: context.signal },
        );
  return connectionOf(events.map(eventNode), page, ({ ingestedAt, id }) => ({ time: ingestedAt, id }));
}

/** Null where nothing can match. */
function questionOf(
  { user, now, services }: RequestContext,
  { chainId, address, topic0, transactionHash, range: rangeInput }: Partial<EventFilter>,
): Omit<EventPageQuestion, 'limit'> | null {
  const { eventsRetentionDays, attemptsRetentionDays } = services;
  const range =
    rangeInput === undefined || rangeInput === null
      ? everythingKept(now, eventsRetentionDays)
      : clampToRetention(rangeOf(rangeInput, now), now, eventsRetentionDays);
  if (range.from >= range.to) return null;
  if (!isHexOrLeftOut(address, 20) || !isHexOrLeftOut(topic0, 32) || !isHexOrLeftOut(transactionHash, 32)) return null;
  return {
    userId: user.id,
    attemptsRange: everythingKept(now, attemptsRetentionDays),
    range,
    ...(typeof chainId === 'number' ? { chainId } : {}),
    ...(typeof address === 'string' ? { address: address.toLowerCase() } : {}),
    ...(typeof topic0 === 'string' ? { topic0: topic0.toLowerCase() } : {}),
    ...(typeof transactionHash === 'string' ? { transactionHash: transactionHash.toLowerCase() } : {}),
  };
}

const HEX = /^0x[0-9a-f]+$/i;

/** Whether a filter is left out, or the text of so many bytes. */
const isHexOrLeftOut = (text: string | null | undefined, bytes: number): boolean =>
  typeof text !== 'string' || (text.length === 2 + 2 * bytes && HEX.test(text));
