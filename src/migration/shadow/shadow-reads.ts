import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { STORES, type Store } from '../../records/migration-phase.js';
import { STREAMS } from '../../records/names.js';
import type { AnalyticsStore } from '../../stores/analytics-store.js';
import { BackfillStore } from '../../stores/postgres/backfill-store.js';
import { PhaseStore } from '../../stores/postgres/phase-store.js';
import { caughtUp } from '../catch-up.js';
import type { MoveServices } from '../move-services.js';
import { type AskedQuestion, ShadowedAnalyticsStore } from './shadowed-analytics-store.js';

/**
 * What came of a question that was chosen. `undecided`: the answers differed, and no verdict was possible, since the history
 * is not copied yet, rows were on their way all the time or the phase has changed. `dropped`: too much was under way already.
 */
export type ShadowOutcome = 'same' | 'different' | 'undecided' | 'dropped' | 'failed';

interface ShadowReadsOptions extends Pick<MoveServices, 'postgres' | 'redis' | 'names' | 'logger'> {
  /** What clients ask. */
  readonly store: AnalyticsStore;
  /** What is asked once more in the background. */
  readonly stores: Readonly<Record<Store, AnalyticsStore>>;
  /** Of the questions, from 0 to 1. */
  readonly share: number;
  readonly onOutcome: (outcome: ShadowOutcome) => void;
  /**
   * How long answers may differ before they count as different, milliseconds. Default 75,000: a corrected status is in the
   * rollups once the worker's audit has mended them, within a minute.
   */
  readonly patienceMs?: number;
}

/** Questions that are asked of ClickHouse, and questions that are looked at again, at a time. */
const MAX_ASKED = 4;
const MAX_SUSPECTS = 8;
const PATIENCE_MS = 75_000;
const FIRST_LOOK_MS = 500;
const LAG_MS = 10_000;

interface BothAnswers {
  readonly postgres: unknown;
  readonly clickhouse: unknown;
}

/**
 * Asks ClickHouse in the background what Postgres has just answered, while both are written and Postgres is read. Whoever
 * asked has their answer before, and notices nothing.
 */
export class ShadowReads {
  /** Postgres, some of whose questions are asked of ClickHouse too. */
  readonly store: AnalyticsStore;
  readonly #options: ShadowReadsOptions;
  readonly #ending = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #asked = 0;
  #suspects = 0;

  constructor(options: ShadowReadsOptions) {
    this.#options = options;
    this.store = new ShadowedAnalyticsStore(options.store, (asked, answer) => this.#choose(asked, answer));
  }

  /** Gives up what is under way. */
  async close(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#running);
  }

  #choose(asked: AskedQuestion, answer: unknown): void {
    if (this.#ending.signal.aborted || Math.random() >= this.#options.share) return;
    const { onOutcome, logger } = this.#options;
    const run = this.#compare(asked, answer)
      .catch((error: unknown): ShadowOutcome => {
        if (!this.#ending.signal.aborted) logger.debug({ error, question: asked.name }, 'a shadow read failed');
        return 'failed';
      })
      .then((outcome) => {
        this.#running.delete(run);
        if (!this.#ending.signal.aborted) onOutcome(outcome);
      });
    this.#running.add(run);
  }

  async #compare(asked: AskedQuestion, answer: unknown): Promise<ShadowOutcome> {
    if (this.#asked >= MAX_ASKED) return 'dropped';
    this.#asked += 1;
    const theirs = await this.#ask(asked, 'clickhouse').finally(() => {
      this.#asked -= 1;
    });
    if (isDeepStrictEqual(theirs, answer)) return 'same';
    if (this.#suspects >= MAX_SUSPECTS) return 'dropped';
    this.#suspects += 1;
    return this.#judge(asked).finally(() => {
      this.#suspects -= 1;
    });
  }

  /**
   * Looks again until the answers are the same or have differed for long. They differ for good if neither store changes
   * its own while both finish everything that was on the streams.
   */
  async #judge(asked: AskedQuestion): Promise<ShadowOutcome> {
    const { patienceMs = PATIENCE_MS, logger } = this.#options;
    const { signal } = this.#ending;
    const deadline = performance.now() + patienceMs;
    const phases = new PhaseStore(this.#options.postgres);
    const phase = await phases.read();
    if (phase.phase !== 'dual_write' || !(await this.#isHistoryCopied())) return 'undecided';
    let before = await this.#askBoth(asked);
    for (let waitMs = FIRST_LOOK_MS; ; waitMs *= 2) {
      const isFinished = await caughtUp({ ...this.#options, signal }, STORES, LAG_MS);
      const after = await this.#askBoth(asked);
      if (isDeepStrictEqual(after.postgres, after.clickhouse)) return 'same';
      if (performance.now() >= deadline) {
        if (!isFinished || !isDeepStrictEqual(before, after)) return 'undecided';
        // One store alone may have been written meanwhile.
        if (!isDeepStrictEqual(phase, await phases.read())) return 'undecided';
        logger.warn({ question: asked.name, asked: asked.question }, 'ClickHouse answers otherwise than Postgres');
        return 'different';
      }
      before = after;
      await delay(Math.min(waitMs, Math.max(0, deadline - performance.now())), undefined, { signal });
    }
  }

  async #isHistoryCopied(): Promise<boolean> {
    const tables = await new BackfillStore(this.#options.postgres).tables();
    return STREAMS.every((stream) => tables.some(({ table, finishedAt }) => table === stream && finishedAt !== null));
  }

  async #askBoth(asked: AskedQuestion): Promise<BothAnswers> {
    const [postgres, clickhouse] = await Promise.all([this.#ask(asked, 'postgres'), this.#ask(asked, 'clickhouse')]);
    return { postgres, clickhouse };
  }

  #ask(asked: AskedQuestion, store: Store): Promise<unknown> {
    return asked.ask(this.#options.stores[store], { signal: this.#ending.signal });
  }
}
