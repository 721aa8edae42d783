/**
 * What waits for one slow reader: of several values with one key only the latest is delivered, so that the queue stays
 * as short as there are keys. It is read once, by iterating it or by `deliver`; `return` ends it at once.
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
    return new Promise((resolve) => this.#read(resolve));
  }

  /**
   * Gives each value to `take`, the next one once `ready` was called, and tells of the end: as iterating does, without
   * the promises, of which thousands of readers make many.
   */
  deliver(take: (value: Value, ready: () => void) => void, onEnd: () => void): void {
    const giveNext = (): void =>
      this.#read(({ value, done }) => {
        if (done === true) onEnd();
        else take(value, giveNext);
      });
    giveNext();
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

  #read(reader: (result: IteratorResult<Value, undefined>) => void): void {
    for (const [key, value] of this.#waiting) {
      this.#waiting.delete(key);
      reader({ value, done: false });
      return;
    }
    if (this.#ended) reader({ value: undefined, done: true });
    else this.#reader = reader;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting.clear();
    this.#reader?.({ value: undefined, done: true });
    this.#onReturn();
  }
}
