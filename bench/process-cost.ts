import { readdirSync, readFileSync } from 'node:fs';

/** A tick of the kernel's account of processes: 100 a second on every Linux. */
const TICK_MS = 10;

/** The most that a process has held so far, resident, bytes. Linux only. */
export function peakMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** What a process and its children, also those that have ended, have taken of the cores so far, milliseconds. Linux only. */
export function cpuTime(pid: number): number {
  const own = statOf(pid);
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)) ?? [])
    .filter(({ parent }) => parent === pid);
  const ticks = (own?.ticks ?? 0) + (own?.ticksOfEnded ?? 0) + children.reduce((sum, each) => sum + each.ticks, 0);
  return ticks * TICK_MS;
}

interface Stat {
  readonly parent: number;
  readonly ticks: number;
  /** Of children that have ended. */
  readonly ticksOfEnded: number;
}

function statOf(pid: number): Stat | undefined {
  let line: string;
  try {
    line = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // Ended since the folder was read.
    return undefined;
  }
  // By proc(5), behind the name in parentheses: state, ppid, … utime, stime, cutime, cstime from the twelfth on.
  const fields = line
    .slice(line.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [user = 0, system = 0, userOfEnded = 0, systemOfEnded = 0] = fields.slice(11, 15);
  return { parent: fields[1] ?? 0, ticks: user + system, ticksOfEnded: userOfEnded + systemOfEnded };
}
