import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../platform/errors.js';
import { backoffDelay } from '../platform/retry.js';
import { type Child, DiedBeforeReady, type Exit } from './child.js';

/** A process to keep alive. */
export interface Supervised<Name extends string, Process extends Child = Child> {
  readonly name: Name;
  /** What it cannot be ready without: while one of these is away its own deaths are not held against it. */
  readonly needs?: readonly Name[];
  /** Resolves once it is ready. After a DiedBeforeReady it is called again; any other error is final. The signal: give up. */
  readonly start: (signal: AbortSignal) => Promise<Process>;
}

interface SupervisorEvents<Name extends string> {
  /** One that was ready has died. */
  readonly onDeath: (name: Name, exit: Exit) => void;
  readonly onFailedStart: (name: Name, error: Error) => void;
  /** It is ready again. */
  readonly onRestart: (name: Name) => void;
  /** It could not be started again: the caller has to stop. */
  readonly onGiveUp: (error: unknown) => void;
}

/** So short that a dead process is started again well within 2 s. */
const RESTART_BACKOFF = { firstMs: 100, maxMs: 1_000 };
const MAX_DEATHS_IN_A_ROW = 5;

/**
 * Keeps processes alive: starting, ready, dead, starting again, and so on until they are stopped. One that dies five
 * times in a row before it is ready is given up; one that gets ready in between may die as often as it likes.
 */
export class Supervisor<Name extends string> {
  readonly #events: SupervisorEvents<Name>;
  readonly #ready = new Map<Name, Child>();
  /** What is kept, in the order of the first starts, and the loop that keeps it. */
  readonly #loops = new Map<Name, Promise<void>>();
  readonly #pids = new Map<Name, number>();
  readonly #stopping = new AbortController();

  constructor(events: SupervisorEvents<Name>) {
    this.#events = events;
  }

  /** Starts a process and keeps it alive. Resolves once it is ready; fails where it cannot be started. */
  keep<Process extends Child>(supervised: Supervised<Name, Process>): Promise<Process> {
    return new Promise((resolve, reject) => {
      this.#loops.set(supervised.name, this.#run(supervised, resolve, reject));
    });
  }

  /** The process id of one that has been ready; while it is away, the last one. */
  pidOf(name: Name): number {
    const pid = this.#pids.get(name);
    if (pid === undefined) throw new Error(`${name} has not been ready yet`);
    return pid;
  }

  /** Stops everything, last started first. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const [name, loop] of [...this.#loops].reverse()) {
      await this.#ready.get(name)?.stop();
      await loop;
    }
  }

  async #run<Process extends Child>(
    supervised: Supervised<Name, Process>,
    onReady: (process: Process) => void,
    onFailure: (error: unknown) => void,
  ): Promise<void> {
    const { name } = supervised;
    const { signal } = this.#stopping;
    let wasReady = false;
    try {
      while (!signal.aborted) {
        const child = await this.#start(supervised);
        this.#ready.set(name, child);
        this.#pids.set(name, child.pid);
        if (wasReady) this.#events.onRestart(name);
        wasReady = true;
        onReady(child);
        if (signal.aborted) await child.stop();
        const exit = await child.exited;
        this.#ready.delete(name);
        if (!signal.aborted) this.#events.onDeath(name, exit);
      }
    } catch (error) {
      if (wasReady && !signal.aborted) this.#events.onGiveUp(error);
      onFailure(error);
    }
  }

  async #start<Process extends Child>({ name, needs = [], start }: Supervised<Name, Process>): Promise<Process> {
    for (let deaths = 0; ; ) {
      try {
        return await start(this.#stopping.signal);
      } catch (error) {
        if (!(error instanceof DiedBeforeReady)) throw error;
        if (needs.every((need) => this.#ready.has(need))) deaths++;
        if (deaths >= MAX_DEATHS_IN_A_ROW) {
          throw new UserError(`${name} died ${deaths} times in a row before it was ready: given up.\n${error.message}`);
        }
        this.#events.onFailedStart(name, error);
      }
      await delay(backoffDelay(Math.max(deaths, 1), RESTART_BACKOFF), undefined, { signal: this.#stopping.signal });
    }
  }
}
