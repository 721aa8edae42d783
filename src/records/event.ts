import { fixedHex, hexData, nullable, type RecordOf, time, uint, uuid } from './codec.js';
import { RecordType } from './record-type.js';

const TOPICS = ['topic0', 'topic1', 'topic2', 'topic3'] as const;
const DATA_MAX_BYTES = 1024 * 1024;

const columns = {
  id: uuid,
  chain_id: uint(32, 1),
  block_number: uint(64),
  block_hash: fixedHex(32),
  transaction_hash: fixedHex(32),
  transaction_index: uint(32),
  log_index: uint(32),
  address: fixedHex(20),
  topic0: nullable(fixedHex(32)),
  topic1: nullable(fixedHex(32)),
  topic2: nullable(fixedHex(32)),
  topic3: nullable(fixedHex(32)),
  data: hexData(DATA_MAX_BYTES),
  ingested_at: time,
  created_at: time,
};

/** One log of a chain, as it was taken in. Of several entries with one id the earliest `ingested_at` stands. */
export type EventRecord = RecordOf<typeof columns>;

export const eventType = new RecordType<EventRecord>('events', columns, {
  missing: { ingested_at: 'entry', created_at: 'entry' },
  withoutGaps: TOPICS,
});

/** The topics that are there, in order. */
export const topicsOf = (event: Pick<EventRecord, (typeof TOPICS)[number]>): string[] =>
  TOPICS.map((name) => event[name]).filter((topic) => topic !== null);
