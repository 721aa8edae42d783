import DataLoader from 'dataloader';
import type { DeliveryScope } from '../../stores/analytics-store.js';

/** Merges what the fields of one wave ask alike of different scopes: one store query a question, each scope once. */
export class ScopeLoader<Answer> {
  readonly #loaders = new Map<string, DataLoader<DeliveryScope, Answer, string>>();

  /** `question` is all that is asked beside the scope: what is equal there is asked together, by any one `ask`. */
  load(
    question: readonly unknown[],
    scope: DeliveryScope,
    ask: (scopes: readonly DeliveryScope[]) => Promise<Answer[]>,
  ): Promise<Answer> {
    const key = JSON.stringify(question);
    let loader = this.#loaders.get(key);
    if (loader === undefined) {
      loader = new DataLoader(ask, { cacheKeyFn: ({ userId, endpointIds }) => JSON.stringify([userId, endpointIds]) });
      this.#loaders.set(key, loader);
    }
    return loader.load(scope);
  }
}
