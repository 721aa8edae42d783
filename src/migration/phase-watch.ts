import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../platform/logger.js';
import type { PhaseRow, PhaseStore } from '../stores/postgres/phase-store.js';

/** Follows the phase of the move for as long as a process lives. */
export interface PhaseWatch {
  /** The phase last read: while Postgres is away, the one before it went. */
  current(): PhaseRow;
  /** Resolves once the signal has aborted and no read is under way. */
  readonly stopped: Promise<void>;
}

interface PhaseWatchOptions {
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Called with each later phase, after `current` has moved to it. It must not throw. */
  readonly onChange?: (next: PhaseRow, previous: PhaseRow) => void;
  /** Between reads, milliseconds. Default 1,000: every process is to follow within 5 s. */
  readonly intervalMs?: number;
}

/** Reads the phase and goes on reading it. Fails where the first read does, since no phase may be guessed. */
export async function watchPhase(store: PhaseStore, options: PhaseWatchOptions): Promise<PhaseWatch> {
  let current = await store.read();
  const follow = async (): Promise<void> => {
    let away = false;
    while (await elapsed(options.intervalMs ?? 1_000, options.signal)) {
      try {
        const next = await store.read();
        if (away) options.logger.info({ phase: next.phase }, 'the phase of the move can be read again');
        away = false;
        const previous = current;
        current = next;
        if (next.phase !== previous.phase) options.onChange?.(next, previous);
      } catch (error) {
        if (!away)
          options.logger.warn({ error, phase: current.phase }, 'the phase of the move cannot be read, keeping it');
        away = true;
      }
    }
  };
  return { current: () => current, stopped: follow() };
}

/** Whether the time passed before the signal aborted. */
const elapsed = (ms: number, signal: AbortSignal): Promise<boolean> => delay(ms, true, { signal }).catch(() => false);
