/** So long at least between two refreshes, milliseconds; longer where they take long. */
const PAUSE_MS = 1_000;
/** A refresh may be under way a fifth of the time. */
const PAUSE_PER_MS = 4;

/**
 * Refreshes soon after it is asked to, one at a time, and not while the page is hidden: idle -> waiting -> refreshing,
 * and again where it was asked meanwhile.
 */
export class Refresher {
  readonly #refresh: () => Promise<unknown>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsked = false;
  #isRefreshing = false;
  #notBefore = performance.now() + PAUSE_MS;

  constructor(refresh: () => Promise<unknown>) {
    this.#refresh = refresh;
    document.addEventListener('visibilitychange', this.#go);
  }

  ask(): void {
    this.#isAsked = true;
    this.#go();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#isAsked = false;
    document.removeEventListener('visibilitychange', this.#go);
  }

  readonly #go = (): void => {
    if (!this.#isAsked || this.#isRefreshing || document.hidden) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#run(), Math.max(0, this.#notBefore - performance.now()));
  };

  async #run(): Promise<void> {
    if (this.#isRefreshing) return;
    this.#isAsked = false;
    this.#isRefreshing = true;
    const began = performance.now();
    try {
      await this.#refresh();
    } finally {
      const tookMs = performance.now() - began;
      this.#notBefore = performance.now() + Math.max(PAUSE_MS, tookMs * PAUSE_PER_MS);
      this.#isRefreshing = false;
      this.#go();
    }
  }
}
