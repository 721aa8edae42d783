import type { DeliveryAttemptFilter, DeliveryStatus, TimeRange } from '../api/operations.js';
import { STATUSES } from '../ui/statuses.js';

/** What a list of attempts is narrowed to. */
export interface AttemptFilter {
  readonly status: readonly DeliveryStatus[];
  readonly code: readonly number[];
  readonly application: string | null;
  readonly endpoint: string | null;
  readonly event: string | null;
}

const isStatus = (text: string): text is DeliveryStatus => Object.hasOwn(STATUSES, text);

/** Codes as they are typed, with commas or blanks between; null where one is none. */
export function codesIn(text: string): number[] | null {
  const codes = text
    .split(/[\s,]+/)
    .filter((code) => code !== '')
    .map(Number);
  return codes.every((code) => Number.isInteger(code) && code >= 100 && code <= 599) ? [...new Set(codes)] : null;
}

/** What a URL asks for; whatever makes no sense is left out. */
export const filterFrom = (params: URLSearchParams): AttemptFilter => ({
  status: (params.get('status') ?? '').toUpperCase().split(',').filter(isStatus),
  code: codesIn(params.get('code') ?? '') ?? [],
  application: params.get('application') || null,
  endpoint: params.get('endpoint') || null,
  event: params.get('event') || null,
});

/** A copy of the parameters that asks for this filter. */
export function withFilter(
  params: URLSearchParams,
  { status, code, application, endpoint, event }: AttemptFilter,
): URLSearchParams {
  const next = new URLSearchParams(params);
  const put = (name: string, value: string): void => (value === '' ? next.delete(name) : next.set(name, value));
  put('status', status.join(',').toLowerCase());
  put('code', code.join(','));
  put('application', application ?? '');
  put('endpoint', endpoint ?? '');
  put('event', event ?? '');
  return next;
}

export const isNarrow = ({ status, code, application, endpoint, event }: AttemptFilter): boolean =>
  status.length > 0 || code.length > 0 || application !== null || endpoint !== null || event !== null;

/** The filter as the gateway takes it. An empty list would match nothing. */
export const asVariable = (
  { status, code, application, endpoint, event }: AttemptFilter,
  range: TimeRange,
): DeliveryAttemptFilter => ({
  range,
  ...(status.length === 0 ? {} : { status }),
  ...(code.length === 0 ? {} : { httpStatusCode: code }),
  ...(application === null ? {} : { applicationId: application }),
  ...(endpoint === null ? {} : { endpointId: endpoint }),
  ...(event === null ? {} : { eventId: event }),
});
