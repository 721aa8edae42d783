import type { UpstreamError } from '../src/platform/errors.js';

/** Why a lane waits for somebody: what it has to do is refused, however often it is tried. */
export interface HeldBatch {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly upstream: string;
  /** The upstream's own code, where it gave one. */
  readonly code: string | null;
  readonly message: string;
}

/**
 * The alarm of one lane. A batch that its store refuses as a whole, as where a view throws, is kept and tried again
 * until it is taken: it is never split or dropped, since that would count it twice or not at all.
 */
export class Hold {
  /** By task: while one batch is held, the next one is begun. */
  readonly #held = new Map<string, HeldBatch>();

  /** What has been refused for longest; null while nothing is. */
  get held(): HeldBatch | null {
    return [...this.#held.values()][0] ?? null;
  }

  /** Told of each time that a task is refused. */
  refused(task: string, { upstream, message, options }: UpstreamError): void {
    const since = this.#held.get(task)?.since ?? Date.now();
    this.#held.set(task, { since, upstream, code: options.code ?? null, message });
  }

  /** Told of each task that is done. */
  done(task: string): void {
    this.#held.delete(task);
  }
}
