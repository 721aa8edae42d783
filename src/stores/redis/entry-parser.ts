import { isDigit } from '../../records/json-value.js';
import { formAt, isTraceparent, type StreamEntry, streamEntry } from './stream-entry.js';

/** Room for entries that are parsed and not taken yet. Only an entry that is larger by itself makes it grow. */
const CAPACITY = 2 * 1024 * 1024;
const INCOMPLETE = -1;
const [ARRAY, TEXT, CR, MINUS, DASH, ZERO] = [0x2a, 0x24, 0x0d, 0x2d, 0x2d, 0x30];

/**
 * Takes apart what Redis sends over a connection on which XREADGROUP asks for new entries, as it comes. Of the reply to
 * an XREADGROUP that is expected the entries are kept, as positions in the bytes, and the client is passed their number
 * in its place, as soon as that is known; a null reply, an error, and all that is not expected is passed on as it is.
 */
export class EntryParser {
  #bytes = Buffer.allocUnsafeSlow(CAPACITY);
  /** What is not parsed yet is in the bytes from `at` up to `end`. */
  #at = 0;
  #end = 0;
  #cursor = 0;
  #isExpected = false;
  #remaining = 0;
  #entries: StreamEntry[] = [];
  #taken = 0;
  #waiting = 0;
  #received = 0;

  /** How many entries of a reply have not come yet. */
  get remaining(): number {
    return this.#remaining;
  }

  /** Bytes of the entries that have come and were not taken. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Bytes of the entries of the last reply, as far as they have come. */
  get received(): number {
    return this.#received;
  }

  /** The next reply, with nothing else being asked, is that to an XREADGROUP. */
  expect(): void {
    this.#isExpected = true;
  }

  /** The connection is another one: what has come can be taken, and no more of it will come. */
  reset(): void {
    this.#at = this.#end;
    this.#remaining = 0;
    this.#isExpected = false;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** The next entry that has come; null when there is none. Its bytes are valid until more come. */
  take(): StreamEntry | null {
    const entry = this.#entries[this.#taken];
    if (entry === undefined) return null;
    this.#taken += 1;
    this.#waiting -= entry.bytes;
    if (this.#taken === this.#entries.length) {
      this.#entries = [];
      this.#taken = 0;
    }
    return entry;
  }

  /** Forgets what was not taken. */
  clear(): void {
    this.#entries = [];
    this.#taken = 0;
    this.#waiting = 0;
  }

  /** Takes bytes in the order in which they come. Throws where they are not what Redis sends. */
  push(chunk: Buffer, pass: (bytes: Buffer) => void): void {
    if (chunk.length > this.#bytes.length - this.#end) this.#makeRoom(chunk.length);
    this.#end += chunk.copy(this.#bytes, this.#end);
    if (this.#isExpected && !this.#begin(pass)) return;
    while (this.#remaining > 0) {
      const entry = this.#next();
      if (entry === null) return;
      this.#entries.push(entry);
      this.#remaining -= 1;
      this.#waiting += entry.bytes;
      this.#received += entry.bytes;
      this.#at = this.#cursor;
    }
    if (this.#at < this.#end) pass(Buffer.from(this.#bytes.subarray(this.#at, this.#end)));
    this.#at = this.#end;
  }

  /** Reads up to the number of entries. False where that is not here yet. */
  #begin(pass: (bytes: Buffer) => void): boolean {
    const [bytes, at] = [this.#bytes, this.#at];
    if (this.#end - at < 2) return false;
    if (bytes[at] === ARRAY && bytes[at + 1] !== MINUS) {
      this.#cursor = at;
      // One stream, its key and its entries.
      const isHere =
        this.#count(ARRAY) !== INCOMPLETE && this.#count(ARRAY) !== INCOMPLETE && this.#text() !== INCOMPLETE;
      const given = isHere ? this.#count(ARRAY) : INCOMPLETE;
      if (given === INCOMPLETE) return false;
      this.#at = this.#cursor;
      this.#remaining = given;
      this.#received = 0;
      pass(Buffer.from(`:${given}\r\n`));
    }
    this.#isExpected = false;
    return true;
  }

  /** The entry at `at`, with the cursor behind it; null where not all of it is here yet. */
  #next(): StreamEntry | null {
    this.#cursor = this.#at;
    if (this.#count(ARRAY) === INCOMPLETE) return null;
    const idLength = this.#text();
    if (idLength === INCOMPLETE) return null;
    const idEnd = this.#cursor - 2;
    const count = this.#count(ARRAY);
    if (count === INCOMPLETE) return null;
    const fieldsAt = this.#cursor;
    let [form, from, to, bytes, forms]: [StreamEntry['form'], number, number, number, number] = [null, 0, 0, 0, 0];
    let traceparent: string | null = null;
    for (let field = 0; field < count; field += 2) {
      const nameLength = this.#text();
      const nameEnd = this.#cursor - 2;
      const length = nameLength === INCOMPLETE ? INCOMPLETE : this.#text();
      if (length === INCOMPLETE) return null;
      bytes += nameLength + length;
      const end = this.#cursor - 2;
      const found = formAt(this.#bytes, nameEnd - nameLength, nameEnd);
      if (found !== null) {
        forms += 1;
        [form, from, to] = [found, end - length, end];
      } else if (isTraceparent(this.#bytes, nameEnd - nameLength, nameEnd)) {
        traceparent ??= this.#bytes.toString('latin1', end - length, end);
      }
    }
    const ids = this.#bytes;
    const idFrom = idEnd - idLength;
    if (forms !== 1) return streamEntry(ids.toString('latin1', idFrom, idEnd), this.#fields(fieldsAt, count));
    const time = timeOf(ids, idFrom);
    return { ids, idFrom, idTo: idEnd, time, form, source: this.#bytes, from, to, traceparent, bytes };
  }

  /** The texts that begin at `at`, all of which are here. */
  #fields(at: number, count: number): Buffer[] {
    this.#cursor = at;
    return Array.from({ length: count }, () => {
      const length = this.#text();
      return this.#bytes.subarray(this.#cursor - 2 - length, this.#cursor - 2);
    });
  }

  /** The number behind a sign, with the cursor behind its line. */
  #count(sign: number): number {
    const bytes = this.#bytes;
    let value = 0;
    for (let at = this.#cursor; at < this.#end - 1; at++) {
      const byte = bytes[at] ?? 0;
      if (at === this.#cursor) {
        if (byte !== sign) throw new Error(`Redis was expected to send ${sign} and sent ${byte}`);
      } else if (byte === CR) {
        this.#cursor = at + 2;
        return value;
      } else {
        if (!isDigit(byte)) throw new Error(`Redis was expected to send a digit and sent ${byte}`);
        value = value * 10 + byte - ZERO;
      }
    }
    return INCOMPLETE;
  }

  /** The length of a text, with the cursor behind it and its line end. */
  #text(): number {
    const length = this.#count(TEXT);
    if (length === INCOMPLETE || this.#cursor + length + 2 > this.#end) return INCOMPLETE;
    this.#cursor += length + 2;
    return length;
  }

  /** Entries that were taken are done with, so that their room is free; those that wait keep their bytes. */
  #makeRoom(bytes: number): void {
    const rest = this.#end - this.#at;
    const wanted = Math.max(CAPACITY, 2 * (rest + bytes));
    const fits = rest + bytes <= this.#bytes.length && this.#bytes.length <= wanted;
    const target = this.isEmpty && fits ? this.#bytes : Buffer.allocUnsafeSlow(wanted);
    this.#bytes.copy(target, 0, this.#at, this.#end);
    this.#bytes = target;
    this.#at = 0;
    this.#end = rest;
  }
}

/** The milliseconds of an id. */
function timeOf(bytes: Buffer, from: number): number {
  let time = 0;
  for (let at = from; bytes[at] !== DASH; at++) time = time * 10 + (bytes[at] ?? 0) - ZERO;
  return time;
}
