/**
 * Does all of the work, `lanes` pieces at once, each begun in its turn. Resolves to what came of each, in the order of the
 * work. Where one fails, the others are given up with the signal they were handed; fails as the first one did, once nothing
 * runs any more.
 */
export async function inLanes<T, R>(
  work: readonly T[],
  lanes: number,
  signal: AbortSignal,
  run: (piece: T, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const queue = work.entries();
  const results: R[] = [];
  const running = Array.from({ length: lanes }, async () => {
    for (const [index, piece] of queue) {
      either.throwIfAborted();
      results[index] = await run(piece, either);
    }
  });
  try {
    await Promise.all(running);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(running);
    throw error;
  }
  return results;
}
