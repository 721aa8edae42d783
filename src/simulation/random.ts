const SCRATCH = Buffer.alloc(32);

/**
 * Reproducible random numbers (the sfc32 generator): the same seed gives the same sequence, on every machine.
 * Good enough for made-up traffic, for nothing secret.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** A seed is made of all parts in their order, so that `('demo', 1)` and `('demo', 2)` have nothing in common. */
  constructor(...seed: readonly (string | number)[]) {
    const text = seed.join('\u001f');
    this.#a = hash(text, 0x9e3779b9);
    this.#b = hash(text, 0x85ebca6b);
    this.#c = hash(text, 0xc2b2ae35);
    for (let round = 0; round < 12; round++) this.#next();
  }

  /** From 0 up to, but not, 1. */
  fraction(): number {
    return this.#next() / 2 ** 32;
  }

  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[Math.floor(this.fraction() * items.length)] ?? items[0];
  }

  /** Log-normal: half of all values are below `median`; a `spread` of 0.5 puts 95 % below 2.3 times that. */
  logNormal(median: number, spread: number): number {
    return median * Math.exp(spread * this.#normal());
  }

  /** How many of something happen when `mean` are expected (Poisson; by its normal limit above 50). */
  count(mean: number): number {
    if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.#normal()));
    const floor = Math.exp(-mean);
    let happened = -1;
    for (let product = 1; product > floor; product *= 1 - this.fraction()) happened++;
    return happened;
  }

  /** Hex digits with no 0x before them, of at most 32 bytes. */
  hex(bytes: number): string {
    for (let at = 0; at < bytes; at += 4) SCRATCH.writeUInt32LE(this.#next(), at);
    return SCRATCH.toString('hex', 0, bytes);
  }

  /** A version 7 UUID of a time in milliseconds since 1970. */
  uuid(time: number): string {
    const stamp = time.toString(16).padStart(12, '0');
    const digits = this.hex(10);
    const variant = (8 + this.whole(0, 3)).toString(16);
    return `${stamp.slice(0, 8)}-${stamp.slice(8)}-7${digits.slice(0, 3)}-${variant}${digits.slice(3, 6)}-${digits.slice(6, 18)}`;
  }

  #normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.fraction())) * Math.cos(2 * Math.PI * this.fraction());
  }

  #next(): number {
    const result = (this.#a + this.#b + this.#counter++) >>> 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result;
  }
}

/** FNV-1a with a finishing mix. */
function hash(text: string, basis: number): number {
  let value = basis;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
  value = Math.imul(value ^ (value >>> 15), 0x735a2d97);
  return (value ^ (value >>> 15)) >>> 0;
}
