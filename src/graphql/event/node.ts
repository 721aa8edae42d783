import { type EventRecord, topicsOf } from '../../records/event.js';

/** An event as the schema names its fields. */
export interface EventNode {
  readonly id: string;
  readonly chainId: number;
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly transactionHash: string;
  readonly transactionIndex: number;
  readonly logIndex: number;
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly ingestedAt: number;
}

export const eventNode = (event: EventRecord): EventNode => ({
  id: event.id,
  chainId: event.chain_id,
  blockNumber: event.block_number,
  blockHash: event.block_hash,
  transactionHash: event.transaction_hash,
  transactionIndex: event.transaction_index,
  logIndex: event.log_index,
  address: event.address,
  topics: topicsOf(event),
  data: event.data,
  ingestedAt: event.ingested_at,
});
