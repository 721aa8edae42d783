import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** How live traffic is doing at the moment. */
export interface Strain {
  /** What a small question takes, milliseconds. */
  readonly answerMs: number;
  /** How long the oldest unfinished entry of the streams has been waiting, milliseconds. */
  readonly waitingMs: number;
}

const SHARE_MIN = 0.1;
const SHARE_STEP = 0.1;
const SHARE_CUT = 0.6;
/** Live traffic suffers where a question takes so many times what the quickest took, */
const SLOWER = 4;
/** and no less than this, */
const ANSWER_MS = 15;
/** or where an entry waits for so long. */
const WAITING_MS = 2_000;
const REST_AFTER_MS = 20;
const REST_MAX_MS = 1_000;

/**
 * Works for a share of the time and rests for the other. The share falls by two fifths whenever live traffic suffers,
 * and grows by a tenth whenever it does not.
 */
export class Pace {
  #share: number;
  #quickestMs = Number.POSITIVE_INFINITY;

  constructor(readonly most: number) {
    this.#share = most;
  }

  /** From 0.1 to 1. */
  get share(): number {
    return this.#share;
  }

  judge({ answerMs, waitingMs }: Strain): void {
    this.#quickestMs = Math.min(this.#quickestMs, answerMs);
    const suffers = waitingMs > WAITING_MS || answerMs > Math.max(ANSWER_MS, SLOWER * this.#quickestMs);
    const share = suffers ? this.#share * SHARE_CUT : this.#share + SHARE_STEP;
    this.#share = Math.min(this.most, Math.max(SHARE_MIN, share));
  }

  /** The same bytes, with rests between them. */
  throttle(rows: Readable, signal: AbortSignal): Readable {
    const pace = this;
    return Readable.from(
      (async function* () {
        let workingSince = performance.now();
        for await (const part of rows) {
          yield part;
          const workedMs = performance.now() - workingSince;
          if (workedMs < REST_AFTER_MS) continue;
          const restMs = Math.min(REST_MAX_MS, workedMs * (1 / pace.share - 1));
          if (restMs >= 1) await delay(restMs, undefined, { signal });
          workingSince = performance.now();
        }
      })(),
      { objectMode: false },
    );
  }
}
