/** One attempt of a user's that was put on the stream: the user's counter once it is counted, and when that was. */
export interface Sent {
  readonly attempts: number;
  /** Milliseconds of the machine's monotonic clock, which all of its processes share. */
  readonly at: number;
}

/** What a subscriber was told: the counter, and when. */
export type Told = Sent;

/**
 * How long each attempt took to reach a subscriber, in the order sent: until the first message whose counter includes
 * it. What no message included is left out.
 */
export function latencies(sent: readonly Sent[], told: readonly Told[]): number[] {
  const taken: number[] = [];
  let next = 0;
  for (const { attempts, at } of told) {
    for (let due = sent[next]; due !== undefined && due.attempts <= attempts; due = sent[next]) {
      taken.push(at - due.at);
      next += 1;
    }
  }
  return taken;
}

export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
