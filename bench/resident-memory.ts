import { execFileSync } from 'node:child_process';

const EVERY_MS = 1_000;

/** Looks at the resident memory of a process every second. `stop` gives the most that was seen, MiB. */
export function watchResidentMemory(pid: number): { stop(): number } {
  let peak = 0;
  const look = (): void => {
    const kib = Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }));
    peak = Math.max(peak, Math.round(kib / 1024));
  };
  const timer = setInterval(look, EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      look();
      return peak;
    },
  };
}
