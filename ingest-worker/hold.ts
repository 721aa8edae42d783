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
  #held: HeldBatch | null = null;

  /** Null while nothing is refused. */
  get held(): HeldBatch | null {
    return this.#held;
  }

  /** Told of each refusal. */
  refused({ upstream, message, options }: UpstreamError): void {
    this.#held = { since: this.#held?.since ?? Date.now(), upstream, code: options.code ?? null, message };
  }

  /** Told of each success. */
  done(): void {
    this.#held = null;
  }
}
