import { setTimeout as delay } from 'node:timers/promises';
import { UpstreamError } from '../src/platform/errors.js';
import type { Logger } from '../src/platform/logger.js';
import type { RedisDatabase } from '../src/stores/redis/database.js';
import { addDeadLetters, type DeadLetter } from '../src/stores/redis/dead-letters.js';
import { createGroup, type GroupMember } from '../src/stores/redis/entry-group.js';
import type { EntryReading } from '../src/stores/redis/entry-reading.js';
import { acknowledge } from '../src/stores/redis/manifests.js';
import { type Batch, BatchBuilder, type BatchLimits } from './batch.js';
import { BatchSpan } from './batch-span.js';
import { type LaneCounters, newCounters } from './counters.js';
import type { HeldBatch, Hold } from './hold.js';
import { noticesOf } from './notices.js';
import { inheritanceWaits, recover } from './recovery.js';
import type { Sink } from './sink.js';
import { EntrySource } from './source.js';
import type { StreamKind } from './stream-kind.js';
import { untilDone } from './until-done.js';

export interface LaneOptions<R> {
  readonly kind: StreamKind<R>;
  readonly sink: Sink<R>;
  /** The sink's, raised while something is refused. */
  readonly hold: Hold;
  readonly member: GroupMember;
  readonly retentionDays: number;
  readonly limits: BatchLimits;
  readonly redis: RedisDatabase;
  /** A connection of the lane's own, since reading blocks it. */
  readonly reading: EntryReading;
  readonly logger: Logger;
  /** Resolves when the store can be written. The group is there before. */
  readonly prepare: () => Promise<void>;
  /** Stops reading; what is in hand is still committed. */
  readonly stopping: AbortSignal;
  /** Gives up what is in hand: its entries stay pending. */
  readonly abandoned: AbortSignal;
}

const TAKEOVER_EVERY_MS = 2_000;
const BACKLOG_GRACE_MS = 1_000;
const PAUSE_AFTER_FAILURE_MS = 200;

/**
 * One group on one stream: reads, forms batches, writes them to the group's store and acknowledges them. While one
 * batch is being written the one before is acknowledged, and the next is read and begun.
 *
 * Everything pending under this consumer is in hand (in a batch in flight, or read and not yet in one) unless
 * the lane is unsure, as it is after a read that failed, a batch that was lost and a takeover. It then lets go of all
 * that is not written, and recovers from the pending list before it reads on.
 */
export class Lane<R> {
  readonly counters: LaneCounters = newCounters();
  readonly #options: LaneOptions<R>;
  readonly #source: EntrySource;
  #unsure = true;
  #ready = false;
  /** The batches that are begun and not yet acknowledged, by their tokens. */
  readonly #inFlight = new Map<string, BatchSpan>();
  /** When the first entry of the batch that was collected last was read, by `performance.now()`. */
  #collectedSince = 0;
  #isWriting = false;
  #written: Promise<void> = Promise.resolve();
  #finished: Promise<void> = Promise.resolve();
  /** Entries acknowledged of those that the source gave. */
  #acknowledged = 0;
  #nextTakeover = 0;
  /** Of the rows of the last batch, and some more: a buffer that grows is copied, and what it was is garbage for long. */
  #expectedBytes: number | undefined;

  constructor(options: LaneOptions<R>) {
    this.#options = options;
    this.#source = new EntrySource(options.reading, options.member);
  }

  get name(): string {
    const { stream, group } = this.#options.member;
    return `${stream}/${group}`;
  }

  /** Whether its group exists and can be read, and its store can be written. */
  get ready(): boolean {
    return this.#ready;
  }

  /** What is refused, so that the lane waits for it to be mended; null while it goes on. */
  get held(): HeldBatch | null {
    return this.#options.hold.held;
  }

  /** Resolves when it has stopped. Throws only what no retry mends. */
  async run(): Promise<void> {
    const { stopping, abandoned, prepare, redis, member, logger } = this.#options;
    try {
      await untilDone(() => createGroup(redis, member), { task: 'create the group', logger, signal: stopping });
      await prepare();
      while (!stopping.aborted) await this.#step();
      await this.#settled();
    } catch (error) {
      if (!abandoned.aborted && !(stopping.aborted && isAbort(error))) throw error;
    } finally {
      this.#ready = false;
    }
  }

  async #step(): Promise<void> {
    try {
      if (!this.#isWriting) await this.#settled();
      if (await this.#takeoverDue()) this.#unsure = true;
      if (this.#unsure) {
        await this.#settled();
        await this.#source.forget();
        this.#acknowledged = 0;
        await this.#recover();
        // What was lost meanwhile is pending and not in hand.
        if (this.#unsure) return;
      }
      this.#ready = true;
      const collected = await this.#collect();
      if (collected === null) return;
      const batch = await this.#begin(collected);
      await this.#written;
      if (batch !== 'lost') this.#start(batch);
    } catch (error) {
      if (!(error instanceof UpstreamError) || this.#options.abandoned.aborted) throw error;
      await this.#afterFailure(error);
    }
  }

  /** Resolves when no batch is in flight. */
  async #settled(): Promise<void> {
    await this.#written;
    await this.#finished;
  }

  async #recover(): Promise<void> {
    this.#unsure = false;
    try {
      await recover({ ...this.#options, commit: (batch) => this.#commit(batch) });
      this.#acknowledged = 0;
    } catch (error) {
      this.#unsure = true;
      throw error;
    }
  }

  /**
   * Reads until a batch is full, or old enough with nothing being written. While more is waiting it may grow older: a
   * few large batches are written faster than many small ones. Null where there was nothing to read.
   */
  async #collect(): Promise<Batch<R> | null> {
    const { kind, retentionDays, limits, stopping } = this.#options;
    const builder = new BatchBuilder(kind, retentionDays, this.#expectedBytes);
    let closesAt: number | null = null;
    while (builder.records < limits.maxRows && builder.bytes < limits.maxBytes && !stopping.aborted) {
      const waitMs = closesAt === null ? null : closesAt - performance.now();
      const oldEnough = waitMs !== null && waitMs <= (this.#source.backlog ? -BACKLOG_GRACE_MS : 0);
      if (oldEnough && !this.#isWriting) break;
      const entry = this.#source.take() ?? (await this.#source.read(waitMs));
      if (entry !== null) builder.add(entry);
      else if (closesAt === null) return null;
      if (builder.entries > 0 && closesAt === null) {
        this.#collectedSince = performance.now();
        closesAt = this.#collectedSince + limits.maxAgeMs;
      }
    }
    if (builder.entries === 0) return null;
    const batch = builder.build();
    this.#expectedBytes = Math.ceil(1.125 * batch.rows.bytes().length);
    return batch;
  }

  /** Dead letters first: whoever finishes the batch after us finds none in its manifest. */
  async #begin(batch: Batch<R>): Promise<'lost' | Batch<R>> {
    const { sink, abandoned } = this.#options;
    // What is pending has to be what is in hand: nothing is being asked for, and at most one batch is in flight.
    await this.#source.settle();
    await this.#finished;
    const span = new BatchSpan(this.#options.member, batch, this.#collectedSince);
    this.#inFlight.set(batch.token, span);
    const inHand = this.#source.given - this.#acknowledged;
    const begun = await span.step('begin', async () => {
      const isBuried = await this.#bury(batch.rejected);
      return isBuried ? ((await sink.begin?.(batch, inHand, abandoned)) ?? batch) : 'lost';
    });
    if (begun === 'lost') this.#lose(batch);
    return begun;
  }

  #start(batch: Batch<R>): void {
    this.#isWriting = true;
    this.#written = this.#write(batch)
      .then((refused) => {
        // The one before may still be trying: nothing is settled, and what is in hand not known, until both are.
        this.#finished = Promise.all([this.#finished, this.#finish(batch, refused)]).then(() => undefined);
        this.#finished.catch(() => undefined);
      })
      .finally(() => {
        this.#isWriting = false;
      });
    // A failure is met by the next step; until then nobody listens.
    this.#written.catch(() => undefined);
  }

  /** Dead letters, store, acknowledgement, in this order: nothing is acknowledged that is not where it belongs. */
  async #commit(batch: Batch<R>): Promise<void> {
    const isBuried = await this.#bury(batch.rejected);
    await this.#finish(batch, isBuried ? await this.#write(batch) : 'lost');
  }

  #write(batch: Batch<R>): Promise<'lost' | readonly DeadLetter[]> {
    return this.#inStep(batch, 'insert', () => this.#options.sink.write(batch, this.#options.abandoned));
  }

  #inStep<T>({ token }: Batch<R>, name: 'insert' | 'acknowledge', run: () => Promise<T>): Promise<T> {
    return this.#inFlight.get(token)?.step(name, run) ?? run();
  }

  async #finish(batch: Batch<R>, refused: 'lost' | readonly DeadLetter[]): Promise<void> {
    if (refused === 'lost' || !(await this.#bury(refused))) return this.#lose(batch);
    const { kind, member, redis, logger, hold, abandoned } = this.#options;
    const task = { task: 'acknowledge', logger, signal: abandoned, hold };
    await this.#inStep(batch, 'acknowledge', () =>
      untilDone(() => acknowledge(redis, member, batch, noticesOf(kind, batch.hours)), task),
    );
    this.#inFlight.get(batch.token)?.end();
    this.#inFlight.delete(batch.token);
    this.#acknowledged += batch.entryIds.count;
    this.counters.batches += 1;
    this.counters.rows += batch.standing.length - refused.length;
    logger.debug({ lane: this.name, rows: batch.standing.length, entries: batch.entryIds.count }, 'committed');
  }

  #lose({ token, entryIds }: Batch<R>): void {
    this.#inFlight.get(token)?.lost();
    this.#inFlight.delete(token);
    this.#unsure = true;
    this.counters.lostBatches += 1;
    const { logger } = this.#options;
    logger.warn({ lane: this.name, entries: entryIds.count }, 'another worker has taken over these entries');
  }

  /** Resolves to whether the entries are still this worker's, so that all of them are where they belong. */
  async #bury(letters: readonly DeadLetter[]): Promise<boolean> {
    if (letters.length === 0) return true;
    const { member, redis, logger, hold, abandoned } = this.#options;
    const add = () => addDeadLetters(redis, member, letters, Date.now());
    const { added, lost } = await untilDone(add, { task: 'write dead letters', logger, signal: abandoned, hold });
    this.counters.deadLetters += added;
    const example = { entry: letters[0]?.entryId, reason: letters[0]?.reason };
    if (added > 0) logger.warn({ lane: this.name, added, example }, 'records went to the dead letters');
    return lost === 0;
  }

  /** Whether a dead worker has left something that this one should look after. */
  async #takeoverDue(): Promise<boolean> {
    const { redis, member } = this.#options;
    if (this.#unsure || performance.now() < this.#nextTakeover) return false;
    this.#nextTakeover = performance.now() + TAKEOVER_EVERY_MS;
    return inheritanceWaits(redis, member, this.#inFlight);
  }

  async #afterFailure(error: UpstreamError): Promise<void> {
    const { redis, member, logger, stopping } = this.#options;
    this.#unsure = true;
    this.#ready = false;
    logger.warn({ error, lane: this.name }, 'cannot be read, will try again');
    // The stream or the group was deleted: a new group begins at the oldest entry there is.
    if (error.options.code === 'NOGROUP') await createGroup(redis, member).catch(() => undefined);
    await delay(PAUSE_AFTER_FAILURE_MS, undefined, { signal: stopping }).catch(() => undefined);
  }
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';
