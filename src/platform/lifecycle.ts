import type { Logger } from './logger.js';

type Release = () => unknown;

/**
 * What a process has opened and must give back. Whoever opens a resource pushes its release;
 * they run last in, first out, once.
 */
export class Lifecycle {
  readonly #releases: { name: string; release: Release }[] = [];
  #closing: Promise<void> | undefined;

  constructor(private readonly onError: (name: string, error: unknown) => void) {}

  push(name: string, release: Release): void {
    this.#releases.push({ name, release });
  }

  /** Runs every release; a failing one is reported and does not keep the others from running. */
  close(): Promise<void> {
    this.#closing ??= this.#releaseAll();
    return this.#closing;
  }

  async #releaseAll(): Promise<void> {
    for (let next = this.#releases.pop(); next !== undefined; next = this.#releases.pop()) {
      try {
        await next.release();
      } catch (error) {
        this.onError(next.name, error);
      }
    }
  }
}

/** npm passes on the Ctrl-C that the terminal has already sent us: so soon it is the same one, milliseconds. */
const SAME_SIGNAL_MS = 500;

const PARENT_POLL_MS = 500;

/**
 * Resolves with the first SIGINT, SIGTERM or SIGHUP; a later one ends the process at once.
 * Run by npm it resolves also when the parent has gone: the shell that npm puts between itself and us does not pass
 * signals on, and we would stay behind.
 */
export function stopSignal(runByNpm: boolean): Promise<NodeJS.Signals | 'parent gone'> {
  return new Promise((resolve) => {
    if (runByNpm) {
      const parent = process.ppid;
      setInterval(() => {
        if (process.ppid !== parent) resolve('parent gone');
      }, PARENT_POLL_MS).unref();
    }
    let since: number | undefined;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (since !== undefined && performance.now() - since > SAME_SIGNAL_MS) process.exit(130);
        since ??= performance.now();
        resolve(signal);
      });
    }
  });
}

/** What nobody caught ends the process, as ever, but is told in the log like any error: with nothing that hangs on it. */
export function logCrash(logger: Logger): void {
  process.once('uncaughtException', (error) => {
    logger.fatal({ error }, 'ended by an error that nobody caught');
    process.exit(1);
  });
}
