import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What a process holds at a moment. */
export interface ProcessFigures {
  /** Resident, MiB. */
  readonly memoryMiB: number;
  readonly sockets: number;
}

const EVERY_MS = 5_000;

/** Looks at a process every few seconds. `stop` gives what was seen, in order. */
export function watchProcess(pid: number): { stop(): ProcessFigures[] } {
  const seen: ProcessFigures[] = [];
  const timer = setInterval(() => seen.push(figuresOf(pid)), EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      return seen;
    },
  };
}

/** From the kernel's own account. Linux only. */
export function figuresOf(pid: number): ProcessFigures {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  const sockets = readdirSync(`/proc/${pid}/fd`).filter((fd) => isSocket(`/proc/${pid}/fd/${fd}`)).length;
  return { memoryMiB: Math.round(kib / 1024), sockets };
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:');
  } catch {
    // Closed since the folder was read.
    return false;
  }
}
