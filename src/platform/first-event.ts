import type { EventEmitter } from 'node:events';

/** Resolves with the first of these events, and leaves no listener behind. */
export function firstEvent(emitter: EventEmitter, ...names: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const heard = (): void => {
      for (const name of names) emitter.off(name, heard);
      resolve();
    };
    for (const name of names) emitter.on(name, heard);
  });
}
