import { nullable, oneOf, type RecordOf, text, time, uint, uuid } from './codec.js';
import { RecordType } from './record-type.js';

/** In the order of their numbers on the wire. */
export const ATTEMPT_STATUSES = ['pending', 'success', 'failed', 'expired'] as const;
export type AttemptStatus = (typeof ATTEMPT_STATUSES)[number];

/** Which status stands among several with the same `updated_at`: the highest rank. */
export const STATUS_RANK: Readonly<Record<AttemptStatus, number>> = { pending: 0, expired: 1, failed: 2, success: 3 };
/** The same by the status' number on the wire. */
export const STATUS_RANKS: readonly number[] = ATTEMPT_STATUSES.map((status) => STATUS_RANK[status]);

const ERROR_MESSAGE_MAX_BYTES = 64 * 1024;

const columns = {
  id: uuid,
  event_id: uuid,
  endpoint_id: uuid,
  user_id: uuid,
  attempt_number: uint(8, 1),
  status: oneOf(ATTEMPT_STATUSES),
  http_status_code: nullable(uint(16, 100, 599)),
  response_time_ms: nullable(uint(32)),
  error_message: nullable(text(ERROR_MESSAGE_MAX_BYTES)),
  created_at: time,
  updated_at: time,
};

/** One try to deliver an event to an endpoint. `id` names it for ever, with one `user_id` and one `created_at`. */
export type AttemptRecord = RecordOf<typeof columns>;

export const attemptType = new RecordType<AttemptRecord>('delivery_attempts', columns, {
  missing: { updated_at: 'created_at' },
  withoutGaps: [],
});

/** Which of several records of one attempt stands: the highest. The stores compute the same from the same columns. */
export const attemptVersion = ({ updated_at, status }: Pick<AttemptRecord, 'updated_at' | 'status'>): number =>
  updated_at * 4 + STATUS_RANK[status];
