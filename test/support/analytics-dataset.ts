import type { AttemptRecord } from '../../src/records/attempt.js';
import type { EventRecord } from '../../src/records/event.js';
import { DAY_MS, HOUR_MS, startOfDay } from '../../src/records/time-range.js';

const MINUTE_MS = 60_000;
/** `00000000-0000-4000-8000-` and a number. */
export const uuidOf = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

export const ALICE = uuidOf(1);
export const BOB = uuidOf(2);
export const NOBODY = uuidOf(3);
export const SHOP = uuidOf(11);
export const WALLET = uuidOf(12);
export const SHOP_ORDERS = uuidOf(21);
export const SHOP_REFUNDS = uuidOf(22);
export const WALLET_MOVES = uuidOf(23);
export const BOBS_ENDPOINT = uuidOf(24);
export const UNUSED_ENDPOINT = uuidOf(25);

/** Midnight, well within the retention. */
export const MIDNIGHT = startOfDay(Date.now()) - 5 * DAY_MS;
export const at = (hour: number, minute = 0, millisecond = 0): number =>
  MIDNIGHT + hour * HOUR_MS + minute * MINUTE_MS + millisecond;

/** Cuts the hours 1 and 5: the whole ones are 2, 3 and 4. */
export const RANGE = { from: at(1, 10, 123), to: at(5, 20, 456) };

/** Places in time order that ClickHouse's own order of UUIDs would turn round. */
export const FIRST_BY_TEXT = 'ffffffff-0000-4000-8000-000000000001';
export const SECOND_BY_TEXT = '00000000-0000-4000-8000-ffffffffffff';

let lastId = 1_000;

function attempt(created_at: number, fields: Partial<AttemptRecord> = {}): AttemptRecord {
  lastId++;
  return {
    id: uuidOf(lastId),
    event_id: uuidOf(500),
    endpoint_id: SHOP_ORDERS,
    user_id: ALICE,
    attempt_number: 1,
    status: 'success',
    http_status_code: 200,
    response_time_ms: null,
    error_message: null,
    created_at,
    updated_at: fields.updated_at ?? created_at,
    ...fields,
  };
}

const delivered = attempt(at(3, 5), { event_id: uuidOf(510), response_time_ms: 300, updated_at: at(3, 6) });
const tied = attempt(at(4, 30), {
  status: 'failed',
  http_status_code: 503,
  event_id: uuidOf(511),
  response_time_ms: 9,
});

/** In the order of arrival. */
export const ATTEMPTS: readonly AttemptRecord[] = [
  // Around the ends of RANGE, in hours that it cuts.
  attempt(RANGE.from - 1, { response_time_ms: 999 }),
  attempt(RANGE.from, { response_time_ms: 100 }),
  attempt(RANGE.to - 1, {
    endpoint_id: SHOP_REFUNDS,
    event_id: uuidOf(501),
    status: 'failed',
    http_status_code: 500,
    attempt_number: 2,
    response_time_ms: 200,
    error_message: 'socket hang up: "ünexpected" 👻\n\t\\',
  }),
  attempt(RANGE.to, { status: 'failed', http_status_code: null }),
  // On the borders of whole hours.
  attempt(at(2) - 1, { response_time_ms: 40, event_id: uuidOf(502) }),
  attempt(at(2), { response_time_ms: 50, event_id: uuidOf(502), attempt_number: 2 }),
  attempt(at(3) - 1, { endpoint_id: SHOP_REFUNDS, status: 'expired', http_status_code: null, event_id: uuidOf(503) }),
  attempt(at(5) - 1, { endpoint_id: WALLET_MOVES, response_time_ms: 0, event_id: uuidOf(504) }),
  attempt(at(5), { endpoint_id: WALLET_MOVES, response_time_ms: 4_294_967_295, event_id: uuidOf(504) }),
  // Ten latencies of one hour: 1 to 10.
  ...Array.from({ length: 10 }, (_, index) =>
    attempt(at(3, 10, index), { response_time_ms: index + 1, event_id: uuidOf(600 + index) }),
  ),
  // Pending, in a whole hour and in both cut ones; a response time does not count before the attempt has ended.
  attempt(at(3, 30), { endpoint_id: WALLET_MOVES, status: 'pending', http_status_code: null, event_id: uuidOf(505) }),
  attempt(at(1, 30), { status: 'pending', http_status_code: null, response_time_ms: 77 }),
  attempt(at(5, 10), { status: 'pending', http_status_code: null, attempt_number: 3 }),
  // Pending, then delivered.
  { ...delivered, status: 'pending', http_status_code: null, response_time_ms: null, updated_at: at(3, 5) },
  delivered,
  // The final status arrives before the pending one of the same time.
  tied,
  { ...tied, status: 'pending', http_status_code: null, response_time_ms: null },
  // The same millisecond twice.
  attempt(at(4, 40), { id: SECOND_BY_TEXT, event_id: uuidOf(506), response_time_ms: 5 }),
  attempt(at(4, 40), { id: FIRST_BY_TEXT, event_id: uuidOf(506), response_time_ms: 6 }),
  // Another day, another code.
  attempt(at(40), { status: 'failed', http_status_code: 404, event_id: uuidOf(507), response_time_ms: 12 }),
  // Of events taken in at the same millisecond.
  attempt(at(50), { event_id: FIRST_BY_TEXT }),
  attempt(at(50), { event_id: SECOND_BY_TEXT }),
  // Bob's, at the same times and of an event that Alice has too.
  attempt(RANGE.from, { user_id: BOB, endpoint_id: BOBS_ENDPOINT, response_time_ms: 7 }),
  attempt(at(3, 30), { user_id: BOB, endpoint_id: BOBS_ENDPOINT, status: 'pending', event_id: uuidOf(508) }),
  attempt(at(4, 30), { user_id: BOB, endpoint_id: BOBS_ENDPOINT, response_time_ms: 8, event_id: uuidOf(508) }),
];

const hex = (digit: string, bytes: number): string => `0x${digit.repeat(2 * bytes)}`;

const event = (number: number, fields: Partial<EventRecord> = {}): EventRecord => ({
  id: uuidOf(number),
  chain_id: 1,
  block_number: 19_000_000,
  block_hash: hex('a', 32),
  transaction_hash: hex('0', 32),
  transaction_index: 3,
  log_index: 4_294_967_295,
  address: hex('e', 20),
  topic0: hex('1', 32),
  topic1: null,
  topic2: null,
  topic3: null,
  data: '0x',
  ingested_at: at(1),
  created_at: at(1, 0, 7),
  ...fields,
});

/** In the order of arrival: some twice, with the earlier `ingested_at` last or first, also on different days. */
export const EVENTS: readonly EventRecord[] = [
  event(500, { ingested_at: at(2), data: '0xff' }),
  event(500, { ingested_at: at(1), data: '0x00' }),
  event(501, {
    block_number: 2 ** 53 - 1,
    topic1: hex('0', 32),
    topic2: hex('2', 32),
    topic3: hex('f', 32),
    data: '0xdeadbeef',
  }),
  event(508),
  event(506, { chain_id: 137, ingested_at: at(4, 39), transaction_hash: hex('6', 32), address: hex('b', 20) }),
  event(507, { chain_id: 137, ingested_at: at(39, 59), block_number: 19_000_001, topic0: hex('2', 32) }),
  event(509, { ingested_at: at(39, 59) }),
  event(510, { ingested_at: at(30) }),
  event(510, { ingested_at: at(3, 4) }),
  event(511, { ingested_at: at(4, 29), transaction_hash: hex('7', 32) }),
  event(511, { ingested_at: at(28), transaction_hash: hex('7', 32) }),
  event(600, { ingested_at: at(3, 9, 999), block_number: 7 }),
  event(601, { ingested_at: at(3, 10), topic0: null }),
  { ...event(0), id: FIRST_BY_TEXT, ingested_at: at(49) },
  { ...event(0), id: SECOND_BY_TEXT, ingested_at: at(49) },
  event(599),
];
