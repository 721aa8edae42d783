import type { Store } from '../src/records/migration-phase.js';
import type { DeadLetter } from '../src/stores/redis/dead-letters.js';
import type { Batch } from './batch.js';

/** Where one store's batches go. */
export interface Sink<R> {
  readonly store: Store;
  /**
   * What may be done while the batch before is still being written; `inHand` is as for writeManifest. Resolves to the
   * batch to write, or to 'lost' as {@link write} does.
   */
  begin?(batch: Batch<R>, inHand: number, signal: AbortSignal): Promise<'lost' | Batch<R>>;
  /**
   * Writes a batch, trying until it is committed. Resolves to the records that the store cannot take; or to 'lost',
   * with nothing written, where another worker owns some of the entries by now. Throws once the signal aborts.
   */
  write(batch: Batch<R>, signal: AbortSignal): Promise<'lost' | readonly DeadLetter[]>;
}
