import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Stack } from '../../src/cli/stack.js';
import { codeOf } from '../../src/platform/errors.js';
import { until } from './until.js';

const MAIN = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
/** None of the machine's own settings, so that only what a test sets counts. */
const ENVIRONMENT = { PATH: process.env['PATH'] };

/** What a command that ended has said. */
interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export interface RunningCommand {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Asks it to end, and resolves when it has. */
  stop(): Promise<Ended>;
}

/** Starts the compiled program, in a process group of its own as a terminal does. */
export function startCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  main = MAIN,
): RunningCommand {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...ENVIRONMENT, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
  }
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, output }));
  const stop = (): Promise<Ended> => {
    child.kill('SIGTERM');
    return ended;
  };
  return { process: child, ended, stop };
}

export function readStack(dataDir: string): Stack {
  return JSON.parse(readFileSync(join(dataDir, 'stack.json'), 'utf8'));
}

/** One that was killed leaves its file behind, and the next removes it between any two looks: one read decides. */
function stackIfAny(dataDir: string): Stack | undefined {
  try {
    return readStack(dataDir);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Starts `up` and waits until it says that it is ready, rather than one that was killed before. */
export async function startUp(
  dataDir: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<RunningCommand> {
  const up = startCommand(['up', '--data-dir', dataDir, ...args], environment);
  let failure: Ended | undefined;
  void up.ended.then((ended) => {
    failure = ended;
  });
  const isReady = (): boolean => {
    const stack = stackIfAny(dataDir);
    return stack !== undefined && Object.values(stack.pids).every(isAlive);
  };
  await until('up is ready', () => failure !== undefined || isReady(), 60);
  if (failure !== undefined) throw new Error(`up ended with code ${failure.code}:\n${failure.output}`);
  return up;
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
