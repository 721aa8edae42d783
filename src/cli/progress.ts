import type { Logger } from '../platform/logger.js';

interface ProgressState {
  readonly done: number;
  readonly total: number;
  /** What is being done, and whatever else is worth a word. */
  readonly label: string;
}

const EVERY_MS = { terminal: 200, elsewhere: 5_000 };
const BAR_WIDTH = 24;

/** Shows how far long work is: a bar on a terminal, a line in the log every few seconds elsewhere. */
export class Progress {
  readonly #began = performance.now();
  readonly #terminal = process.stderr.isTTY === true;
  #shownAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly logger: Logger,
    /** Of what there are so many, such as `rows`. */
    private readonly unit: string,
  ) {}

  show(state: ProgressState): void {
    const now = performance.now();
    const isLast = state.done >= state.total;
    if (!isLast && now - this.#shownAt < EVERY_MS[this.#terminal ? 'terminal' : 'elsewhere']) return;
    this.#shownAt = now;
    const rate = (state.done / (now - this.#began)) * 1000;
    const etaSeconds = rate > 0 ? Math.ceil((state.total - state.done) / rate) : null;
    if (!this.#terminal) {
      const { label, ...counts } = state;
      this.logger.info({ ...counts, [`${this.unit}PerSecond`]: Math.round(rate), etaSeconds }, label);
      return;
    }
    const filled = state.total === 0 ? BAR_WIDTH : Math.round((BAR_WIDTH * state.done) / state.total);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
    const eta = etaSeconds === null ? '' : `  ${etaSeconds} s left`;
    const line = `${bar} ${state.done} of ${state.total} ${this.unit}  ${Math.round(rate)}/s${eta}  ${state.label}`;
    process.stderr.write(`\r${line}\u001b[K`);
  }

  /** Leaves the bar behind. */
  end(): void {
    if (this.#terminal && this.#shownAt > 0) process.stderr.write('\n');
  }
}
