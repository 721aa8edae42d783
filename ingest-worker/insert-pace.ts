import { setTimeout as delay } from 'node:timers/promises';
import { UpstreamError } from '../src/platform/errors.js';

const TOO_MANY_PARTS = '252';
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

const FIRST_PATIENCE_MS = 20_000;
const LONGEST_PATIENCE_MS = 120_000;

/**
 * How fast one lane inserts into ClickHouse. Where that has too many parts, each insert waits a while longer than the one
 * before, so that it can merge: batches get larger meanwhile, and reading waits for them. Where it answers but takes
 * longer than an insert is waited for, the next one is waited for longer; where it does not answer, what was sent is
 * taken for lost soon.
 */
export class InsertPace {
  #pauseMs = 0;
  #patienceMs = FIRST_PATIENCE_MS;

  /** `answers` tells whether the server can be spoken to. */
  constructor(private readonly answers: () => Promise<boolean>) {}

  /** How long an insert is waited for now, milliseconds. */
  get patienceMs(): number {
    return this.#patienceMs;
  }

  /** How long the next batch waits before it is inserted, milliseconds. */
  get pauseMs(): number {
    return this.#pauseMs;
  }

  async beforeBatch(signal: AbortSignal): Promise<void> {
    if (this.#pauseMs > 0) await delay(this.#pauseMs, undefined, { signal });
  }

  /** Told of each insert that succeeded. */
  done(): void {
    this.#pauseMs = this.#pauseMs > FIRST_PAUSE_MS ? this.#pauseMs / 2 : 0;
    this.#patienceMs = FIRST_PATIENCE_MS;
  }

  /** Told of each insert that failed. */
  async failed(error: unknown): Promise<void> {
    if (!(error instanceof UpstreamError)) return;
    if (error.options.code === TOO_MANY_PARTS) {
      this.#pauseMs = Math.min(Math.max(2 * this.#pauseMs, FIRST_PAUSE_MS), LONGEST_PAUSE_MS);
    }
    if (error.options.kind === 'timeout') {
      const longer = Math.min(2 * this.#patienceMs, LONGEST_PATIENCE_MS);
      this.#patienceMs = (await this.answers()) ? longer : FIRST_PATIENCE_MS;
    }
  }
}
