import { type StreamEntry, streamEntry } from '../../src/stores/redis/stream-entry.js';

/** When the entries of {@link entryOf} were added. */
export const ENTRY_TIME = Date.parse('2026-03-01T12:00:00.000Z');
export const iso = (time: number): string => new Date(time).toISOString();
export const hex = (bytes: number): string => `0x${'ab'.repeat(bytes)}`;

/** A good attempt as it is sent. */
export const ATTEMPT = {
  id: '6f9619ff-8b86-4011-b42d-00c04fc964ff',
  event_id: '6f9619ff-8b86-4011-b42d-00c04fc964f0',
  endpoint_id: '6f9619ff-8b86-4011-b42d-00c04fc964f1',
  user_id: '6f9619ff-8b86-4011-b42d-00c04fc964f2',
  attempt_number: 1,
  status: 'success',
  http_status_code: 200,
  response_time_ms: 12,
  error_message: null,
  created_at: iso(ENTRY_TIME),
};
/** A good event as it is sent. */
export const EVENT = {
  id: ATTEMPT.event_id,
  chain_id: 1,
  block_number: 1,
  block_hash: hex(32),
  transaction_hash: hex(32),
  transaction_index: 0,
  log_index: 0,
  address: hex(20),
  topic0: hex(32),
  data: '0x',
};

/** An entry of this id with these names and values in turn. */
export const entryWithId = (id: string, ...fields: (string | Buffer)[]): StreamEntry =>
  streamEntry(
    id,
    fields.map((field) => Buffer.from(field)),
  );

export const entryOf = (...fields: (string | Buffer)[]): StreamEntry => entryWithId(`${ENTRY_TIME}-0`, ...fields);
