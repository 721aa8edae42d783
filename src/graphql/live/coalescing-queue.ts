/**
 * What waits for one slow reader: of several values with one key only the latest is delivered, so that the queue stays
 * as short as there are keys. Iterate it once; `return` ends it at once, also while a `next` is waiting.
 */
export class CoalescingQueue<Key, Value> implements AsyncIterableIterator<Value, undefined> {
  readonly #waiting = new Map<Key, Value>();
  readonly #onReturn: () => void;
  #reader: ((result: IteratorResult<Value, undefined>) => void) | undefined;
  #ended = false;

  constructor(onReturn: () => void) {
    this.#onReturn = onReturn;
  }

  push(key: Key, value: Value): void {
    if (this.#ended) return;
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) this.#waiting.set(key, value);
    else reader({ value, done: false });
  }

  next(): Promise<IteratorResult<Value, undefined>> {
    for (const [key, value] of this.#waiting) {
      this.#waiting.delete(key);
      return Promise.resolve({ value, done: false });
    }
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => {
      this.#reader = resolve;
    });
  }

  return(): Promise<IteratorResult<Value, undefined>> {
    this.#end();
    return Promise.resolve({ value: undefined, done: true });
  }

  throw(error: unknown): Promise<IteratorResult<Value, undefined>> {
    this.#end();
    return Promise.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting.clear();
    this.#reader?.({ value: undefined, done: true });
    this.#onReturn();
  }
}
