import { setMaxListeners } from 'node:events';
import { OperationTimeout } from './errors.js';

/** How long after its deadline an operation may still answer what it has, milliseconds. */
const GRACE_MS = 1_000;

/**
 * The end of an operation: its signal aborts with an OperationTimeout once it has taken too long, with an AbortError once
 * nobody waits for it any more. End it, or its timer runs on.
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly timeoutMs: number) {
    // Each query under way listens, and an operation may have many: no leak to warn of.
    setMaxListeners(0, this.#controller.signal);
    this.#timer = setTimeout(() => {
      this.#controller.abort(new OperationTimeout(`it took longer than ${timeoutMs} ms`));
    }, timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The operation is over, or nobody waits for its answer. */
  end(): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }

  /** What runs, or a failure with the OperationTimeout where it does not heed the signal. */
  async within<Result>(running: Promise<Result>): Promise<Result> {
    let late: NodeJS.Timeout | undefined;
    const overdue = new Promise<never>((_resolve, reject) => {
      late = setTimeout(() => reject(this.signal.reason), this.timeoutMs + GRACE_MS);
    });
    return Promise.race([running, overdue]).finally(() => clearTimeout(late));
  }
}
