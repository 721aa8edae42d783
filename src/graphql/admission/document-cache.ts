/**
 * The entries used last, within a bound of their sizes' sum. What is larger than the whole is not kept.
 */
export class DocumentCache<Key, Entry> {
  /** In order of use, the latest last. */
  readonly #entries = new Map<Key, { readonly entry: Entry; readonly size: number }>();
  #size = 0;

  constructor(private readonly maxSize: number) {}

  get(key: Key): Entry | undefined {
    const kept = this.#entries.get(key);
    if (kept === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, kept);
    return kept.entry;
  }

  set(key: Key, entry: Entry, size: number): void {
    this.#delete(key);
    if (size > this.maxSize) return;
    this.#entries.set(key, { entry, size });
    this.#size += size;
    for (const oldest of this.#entries.keys()) {
      if (this.#size <= this.maxSize) return;
      this.#delete(oldest);
    }
  }

  #delete(key: Key): void {
    this.#size -= this.#entries.get(key)?.size ?? 0;
    this.#entries.delete(key);
  }
}
