/** Things of equal keys, numbered in the order in which each key first appears. */
export interface Groups {
  /** How many different keys there are. */
  readonly count: number;
  /** The group of each thing. */
  readonly groupOf: Int32Array;
  /** The first thing of each group. */
  readonly firsts: Int32Array;
}

const EMPTY = -1;

/** Groups the things from 0 up to `count`; equal ones have the same hash. */
export function groupEqual(
  count: number,
  hash: (thing: number) => number,
  areEqual: (one: number, other: number) => boolean,
): Groups {
  const mask = 2 ** Math.ceil(Math.log2(2 * count + 2)) - 1;
  const slots = new Int32Array(mask + 1).fill(EMPTY);
  const groupOf = new Int32Array(count);
  const firsts = new Int32Array(count);
  const hashes = new Int32Array(count);
  let groups = 0;
  for (let thing = 0; thing < count; thing++) {
    const itsHash = hash(thing) | 0;
    let slot = mixed(itsHash) & mask;
    let group = slots[slot] ?? EMPTY;
    while (group !== EMPTY && !(hashes[group] === itsHash && areEqual(thing, firsts[group] ?? 0))) {
      slot = (slot + 1) & mask;
      group = slots[slot] ?? EMPTY;
    }
    if (group === EMPTY) {
      group = groups++;
      slots[slot] = group;
      firsts[group] = thing;
      hashes[group] = itsHash;
    }
    groupOf[thing] = group;
  }
  return { count: groups, groupOf, firsts: firsts.subarray(0, groups) };
}

/** Spreads hashes whose low bits are alike. */
function mixed(hash: number): number {
  const first = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return first ^ (first >>> 16);
}

/** A hash of the 16 bytes at `at`. */
export function hash16(view: DataView, at: number): number {
  return (
    Math.imul(view.getInt32(at, true), 0x2c1b3c6d) ^
    Math.imul(view.getInt32(at + 4, true), 0x297a2d39) ^
    Math.imul(view.getInt32(at + 8, true), 0x1b56c4f5) ^
    Math.imul(view.getInt32(at + 12, true), 0x7feb352d)
  );
}

/** Whether so many bytes, a multiple of four, are the same at two places. */
export function areSame(view: DataView, one: number, other: number, count: number): boolean {
  for (let at = 0; at < count; at += 4) if (view.getInt32(one + at) !== view.getInt32(other + at)) return false;
  return true;
}
