import type { Store } from './migration-phase.js';

/** The two streams that records arrive on, by what their entries hold. */
export const STREAMS = ['events', 'delivery_attempts'] as const;
export type StreamName = (typeof STREAMS)[number];

/** The fields that an entry carries its records in: exactly one of them. */
export const ENTRY_FORMS = ['record', 'records', 'rowbinary'] as const;
export type EntryForm = (typeof ENTRY_FORMS)[number];

/** Every Redis key of one installation. */
export class RedisNames {
  constructor(private readonly prefix: string) {}

  stream(stream: StreamName): string {
    return `${this.prefix}:${stream}`;
  }

  get deadLetters(): string {
    return `${this.prefix}:dead_letters`;
  }

  /** Sorted set of `entry_id/record_index` already in the dead letters, scored by the entry's time. */
  deadLetterMarks(stream: StreamName): string {
    return `${this.prefix}:dead_letter_marks:${stream}`;
  }

  /** Hash of stream keys to how many dead letters there are of each. */
  get deadLetterCounts(): string {
    return `${this.prefix}:dead_letter_counts`;
  }

  /** Hash of groups to when they last committed a batch of a stream, milliseconds since 1970. */
  lastCommitted(stream: StreamName): string {
    return `${this.prefix}:last_committed:${stream}`;
  }

  /** Hash of the manifests of batches in flight: token to manifest. */
  manifests(stream: StreamName, group: Store): string {
    return `${this.prefix}:manifests:${stream}:${group}`;
  }

  /** Hash of the project's own producers: name to the sequence number of what it added last. */
  get producers(): string {
    return `${this.prefix}:producers`;
  }

  /** Exists for as long as the worker that reads under this consumer name shows signs of life. */
  worker(consumer: string): string {
    return `${this.prefix}:worker:${consumer}`;
  }

  /** Held by the worker or command that audits the rollups now. */
  get rollupAudit(): string {
    return `${this.prefix}:rollup_audit`;
  }

  /** Exists while batches that touch one day wait, because the sums of that day are being mended. */
  get rollupGate(): string {
    return `${this.prefix}:rollup_gate`;
  }

  /** Hash of days to the state of their tables that was found right, and when they were audited. */
  get rollupMarks(): string {
    return `${this.prefix}:rollup_marks`;
  }

  /** Hash of grains and days to the number that their next mend has. */
  get rollupMends(): string {
    return `${this.prefix}:rollup_mends`;
  }

  /** How many requests a user, or an address without a token, has made in the present minute. */
  requestQuota(asker: string): string {
    return `${this.prefix}:request_quota:${asker}`;
  }

  /** Pub/sub channel that says what a store has committed. */
  committed(store: Store): string {
    return `${this.prefix}:committed:${store}`;
  }
}
