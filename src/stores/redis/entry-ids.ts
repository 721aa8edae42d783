import type { EncodedArguments } from './encoded-command.js';

const [SPACE, CR, LF, DOLLAR, ZERO] = [0x20, 0x0d, 0x0a, 0x24, 0x30];
const INITIAL_BYTES = 1_024;
/** What Redis' protocol writes around an id of two digits' length. */
const AROUND = '$00\r\n\r\n'.length;

/** Ids of entries in the order of the stream. They are one text and not one each, since a batch has tens of thousands. */
export class EntryIds {
  /** Each id with a space behind it. */
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  #end = 0;
  #count = 0;

  constructor(ids: Iterable<string> = []) {
    for (const id of ids) this.add(Buffer.from(id, 'latin1'), 0, id.length);
  }

  /** What {@link text} says. */
  static parse(text: string): EntryIds {
    return new EntryIds(text === '' ? [] : text.split(' '));
  }

  get count(): number {
    return this.#count;
  }

  /** Adds the id that is in `source` from `from` up to `to`. */
  add(source: Buffer, from: number, to: number): void {
    const needed = this.#end + to - from + 1;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * needed);
      this.#bytes.copy(larger, 0, 0, this.#end);
      this.#bytes = larger;
    }
    const target = this.#bytes;
    let end = this.#end;
    for (let at = from; at < to; at++) target[end++] = source[at] ?? 0;
    target[end++] = SPACE;
    this.#end = end;
    this.#count += 1;
  }

  /** With a space between two of them, as a view: valid until the next id. */
  text(): Buffer {
    return this.#bytes.subarray(0, Math.max(0, this.#end - 1));
  }

  list(): string[] {
    return this.#count === 0 ? [] : this.text().toString('latin1').split(' ');
  }

  /** For commands that take up to `atMost` of them at once. */
  *asArguments(atMost: number): Generator<EncodedArguments> {
    for (let from = 0, left = this.#count; left > 0; ) {
      const count = Math.min(left, atMost);
      const to = this.#endOf(from, count);
      yield { count, bytes: this.#encoded(from, to, count) };
      from = to;
      left -= count;
    }
  }

  /** Behind the space behind the last of so many ids. */
  #endOf(from: number, count: number): number {
    let to = from;
    for (let ids = 0; ids < count; ids++) to = this.#bytes.indexOf(SPACE, to) + 1;
    return to;
  }

  #encoded(from: number, to: number, count: number): Buffer {
    const source = this.#bytes;
    const target = Buffer.allocUnsafe(to - from + count * AROUND);
    let at = 0;
    for (let begin = from; begin < to; ) {
      let end = begin;
      while (source[end] !== SPACE) end++;
      const length = end - begin;
      target[at++] = DOLLAR;
      if (length >= 10) target[at++] = ZERO + Math.floor(length / 10);
      target[at++] = ZERO + (length % 10);
      target[at++] = CR;
      target[at++] = LF;
      while (begin < end) target[at++] = source[begin++] ?? 0;
      target[at++] = CR;
      target[at++] = LF;
      begin = end + 1;
    }
    return target.subarray(0, at);
  }
}
