import type { AttemptRecord, AttemptStatus } from '../../records/attempt.js';

/** A delivery attempt as the schema names its fields. */
export interface AttemptNode {
  readonly id: string;
  readonly eventId: string;
  readonly endpointId: string;
  readonly attemptNumber: number;
  readonly status: AttemptStatus;
  readonly httpStatusCode: number | null;
  readonly responseTimeMs: number | null;
  readonly errorMessage: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export const attemptNode = (attempt: AttemptRecord): AttemptNode => ({
  id: attempt.id,
  eventId: attempt.event_id,
  endpointId: attempt.endpoint_id,
  attemptNumber: attempt.attempt_number,
  status: attempt.status,
  httpStatusCode: attempt.http_status_code,
  responseTimeMs: attempt.response_time_ms,
  errorMessage: attempt.error_message,
  createdAt: attempt.created_at,
  updatedAt: attempt.updated_at,
});
