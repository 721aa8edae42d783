import type { Logger } from '../src/platform/logger.js';
import { type MigrationPhase, PHASE_MEANING, STORES, type Store } from '../src/records/migration-phase.js';
import { type RedisNames, STREAMS } from '../src/records/names.js';
import type { RedisDatabase } from '../src/stores/redis/database.js';
import { destroyGroup } from '../src/stores/redis/entry-group.js';
import type { LaneState, StoreLanes } from './store-lanes.js';
import { untilDone } from './until-done.js';

interface PhaseLanesOptions {
  readonly start: (store: Store) => StoreLanes;
  readonly redis: RedisDatabase;
  readonly names: RedisNames;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Called with what no retry mends. */
  readonly onFailure: (error: unknown) => void;
}

/** The lanes of the stores that the phase of the move writes. A group is there for exactly as long. */
export class PhaseLanes {
  readonly #options: PhaseLanesOptions;
  readonly #running = new Map<Store, StoreLanes>();
  #phase: MigrationPhase | null = null;
  #following: Promise<void> = Promise.resolve();

  constructor(options: PhaseLanesOptions) {
    this.#options = options;
  }

  /** The stores whose groups there should be: all of them while the phase is not known. */
  get stores(): readonly Store[] {
    return this.#phase === null ? STORES : PHASE_MEANING[this.#phase].writesTo;
  }

  /** Null while it is not known. */
  get phase(): MigrationPhase | null {
    return this.#phase;
  }

  /** Those that run now. */
  states(): readonly LaneState[] {
    return [...this.#running.values()].flatMap((lanes) => lanes.states());
  }

  /** Starts and stops lanes as the phase asks for, one change after the other. */
  follow(phase: MigrationPhase): void {
    const { signal, onFailure } = this.#options;
    this.#following = this.#following
      .then(() => this.#change(phase))
      .catch((error: unknown) => {
        if (!signal.aborted) onFailure(error);
      });
  }

  async stop(): Promise<void> {
    await this.#following;
    await Promise.all([...this.#running.values()].map((lanes) => lanes.stop()));
  }

  async #change(phase: MigrationPhase): Promise<void> {
    const { start, onFailure } = this.#options;
    this.#phase = phase;
    for (const store of this.stores) {
      if (this.#running.has(store)) continue;
      const lanes = start(store);
      lanes.done.catch(onFailure);
      this.#running.set(store, lanes);
    }
    for (const store of STORES.filter((each) => !this.stores.includes(each))) await this.#end(store);
  }

  async #end(store: Store): Promise<void> {
    const { redis, names, logger, signal } = this.#options;
    await this.#running.get(store)?.stop();
    this.#running.delete(store);
    for (const stream of STREAMS) {
      const destroy = () => destroyGroup(redis, { names, stream, group: store });
      await untilDone(destroy, { task: 'end the group', logger, signal });
    }
  }
}
