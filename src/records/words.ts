/** Four bytes of a text at a time: a look at one costs as much as a look at four. */

/** What {@link hexAt} returns where there is something that is no hex digit. */
export const NOT_HEX = 0x10000;

/** A buffer with a view on its bytes, which is made once for as long as it is set to the same one. */
export class Viewed {
  #bytes: Buffer = Buffer.alloc(0);
  #view: DataView = new DataView(new ArrayBuffer(0));

  get bytes(): Buffer {
    return this.#bytes;
  }

  get view(): DataView {
    return this.#view;
  }

  set(bytes: Buffer): void {
    if (bytes === this.#bytes) return;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}

/** A text of at least four bytes for {@link areWordsAt}: the last word may overlap the one before. */
export function wordsOf(text: Buffer): Int32Array {
  const count = Math.ceil(text.length / 4);
  return Int32Array.from({ length: count }, (_, index) => text.readInt32LE(Math.min(4 * index, text.length - 4)));
}

/** Whether the text of these words, which has so many bytes, is at `at`. */
export function areWordsAt(view: DataView, at: number, words: Int32Array, bytes: number): boolean {
  if (at + bytes > view.byteLength) return false;
  const last = at + bytes - 4;
  for (let index = 0; index < words.length; index++) {
    if (view.getInt32(Math.min(at + 4 * index, last), true) !== words[index]) return false;
  }
  return true;
}

/** The two bytes that the four hex digits at `at` stand for, the first one being the higher; or {@link NOT_HEX}. */
export function hexAt(view: DataView, at: number): number {
  const digits = view.getInt32(at);
  // Of each digit its value, of letters in either case; above 15 for the letters behind f.
  const values = (digits & 0x0f0f0f0f) + 9 * ((digits >>> 6) & 0x01010101);
  const areLetters = ((values + 0x06060606) >>> 4) & 0x01010101;
  // What is a digit is what stands for its value, in lower case.
  const expected = values + 0x30303030 + 0x27 * areLetters;
  const wrong = (values & 0x10101010) | (expected ^ (digits | (areLetters << 5)));
  if (wrong !== 0) return NOT_HEX;
  return ((values >>> 12) & 0xf000) | ((values >>> 8) & 0xf00) | ((values >>> 4) & 0xf0) | (values & 0xf);
}
