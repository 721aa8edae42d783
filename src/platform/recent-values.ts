interface RecentOptions {
  /** How long a value is good for, milliseconds. */
  readonly lifetimeMs: number;
  /** Beyond them the oldest is forgotten. */
  readonly maxEntries: number;
}

/** Values that were learnt a moment ago, by key. */
export class RecentValues<Value> {
  /** In the order in which they were learnt. */
  readonly #entries = new Map<string, { readonly value: Value; readonly until: number }>();

  constructor(private readonly options: RecentOptions) {}

  /** Times are the monotonic clock's, milliseconds. */
  get(key: string, now: number): Value | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && now < entry.until ? entry.value : undefined;
  }

  /** `learntAt` is when the value was asked for, which it may have changed since. */
  set(key: string, value: Value, learntAt: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, until: learntAt + this.options.lifetimeMs });
    if (this.#entries.size <= this.options.maxEntries) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}
