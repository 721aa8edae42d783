import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../platform/errors.js';

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  /** Settles when the process is gone; never fails. */
  readonly exited: Promise<Exit>;
  /** Asks it to stop, then kills it; resolves when it is gone. */
  stop(): Promise<void>;
}

/** Who a process runs as, where that is someone else than us. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

/** A process that ended, or had to be ended, before it was ready. */
export class DiedBeforeReady extends UserError {}

interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Where its standard output and error go, appended. */
  readonly logFile: string;
  readonly stopSignal: NodeJS.Signals;
  /** What the kernel sends it when we die, however we die. */
  readonly deathSignal: NodeJS.Signals;
  /** How long it may take to stop before it is killed, milliseconds. Default 10,000. */
  readonly stopTimeoutMs?: number;
  readonly runAs?: RunAs | undefined;
  /** All of its environment. Default: ours. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * Starts a server in a process group of its own, so that a Ctrl-C at the terminal reaches us alone,
 * and bound to our life where the system can do that.
 */
export async function startServer(server: ServerCommand): Promise<Child> {
  const [command, ...args] = canTieToParent()
    ? ['setpriv', '--pdeathsig', server.deathSignal.slice('SIG'.length), '--', server.command, ...server.args]
    : [server.command, ...server.args];
  const log = openSync(server.logFile, 'a', 0o600);
  try {
    const child = spawn(command ?? server.command, args, {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
      ...(server.runAs ?? {}),
      ...(server.environment === undefined ? {} : { env: { ...server.environment } }),
    });
    return await supervised(child, server);
  } finally {
    closeSync(log);
  }
}

interface Readiness {
  readonly what: string;
  readonly child: Child;
  readonly logFile: string;
  readonly probe: () => Promise<boolean>;
  /** Stops the process and gives up with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** As long as the recovery of a large database may take. */
const READY_TIMEOUT_MS = 120_000;
const PROBE_EVERY_MS = 50;

/** Waits until the probe answers. Fails with DiedBeforeReady, and the log's end, where it ends first or takes too long. */
export async function untilReady({ what, child, logFile, probe, signal }: Readiness): Promise<void> {
  let exit: Exit | undefined;
  void child.exited.then((value) => {
    exit = value;
  });
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (exit === undefined && signal?.aborted !== true && Date.now() < deadline) {
    if (await probe().catch(() => false)) return;
    await delay(PROBE_EVERY_MS);
  }
  await child.stop();
  signal?.throwIfAborted();
  const why =
    exit === undefined
      ? `it does not answer after ${READY_TIMEOUT_MS / 1000} s`
      : `it ended with ${exit.signal ?? `code ${exit.code}`}`;
  throw new DiedBeforeReady(`${what} did not start: ${why}. The end of its log, ${logFile}:\n${endOf(logFile)}`);
}

function supervised(child: ChildProcess, { stopSignal, stopTimeoutMs = 10_000, command }: ServerCommand) {
  return new Promise<Child>((resolve, reject) => {
    child.once('error', (error) => reject(new UserError(`${command} cannot be run: ${error.message}`)));
    child.once('spawn', () => {
      const { pid } = child;
      if (pid === undefined) return;
      const exited = new Promise<Exit>((ended) => {
        child.once('exit', (code, signal) => ended({ code, signal }));
      });
      const stop = async (): Promise<void> => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill(stopSignal);
        const timer = setTimeout(() => killGroup(pid), stopTimeoutMs);
        await exited;
        clearTimeout(timer);
      };
      resolve({ pid, exited, stop });
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}

let tieable: boolean | undefined;

function canTieToParent(): boolean {
  tieable ??= spawnSync('setpriv', ['--pdeathsig', 'TERM', '--', 'true'], { stdio: 'ignore' }).status === 0;
  return tieable;
}

const endOf = (file: string): string => readFileSync(file, 'utf8').trimEnd().split('\n').slice(-12).join('\n');
