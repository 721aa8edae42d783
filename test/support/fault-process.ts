import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Health } from '../../ingest-worker/health.js';
import { freePort } from '../../src/embedded/free-port.js';
import { until } from './until.js';

const MAIN = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
const PORT_OF = { gateway: 'PORT', worker: 'WORKER_PORT' } as const;

interface ProcessOptions {
  readonly command: keyof typeof PORT_OF;
  readonly environment: Readonly<Record<string, string>>;
  /** Its log is appended to it. */
  readonly logFile: string;
  /** Default: a free one. */
  readonly port?: number;
}

/** A gateway or worker in a process of its own, compiled as it is shipped. */
export class FaultProcess {
  readonly #process: ChildProcess;
  /** Of its health and metrics. */
  readonly url: string;

  private constructor(
    child: ChildProcess,
    readonly port: number,
  ) {
    this.#process = child;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start({ command, environment, logFile, ...options }: ProcessOptions): Promise<FaultProcess> {
    const port = options.port ?? (await freePort());
    const log = openSync(logFile, 'a');
    const defaults = { PATH: process.env['PATH'], HOST: '127.0.0.1', LOG_LEVEL: 'info' };
    const child = spawn(process.execPath, [MAIN, command], {
      env: { ...defaults, ...environment, [PORT_OF[command]]: `${port}` },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    return new FaultProcess(child, port);
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async ready(): Promise<void> {
    const isReady = async () => (await fetch(`${this.url}/readyz`).catch(() => null))?.status === 200;
    await until(`${this.url} is ready`, isReady, 150);
  }

  /** What a worker's `/healthz` says it holds, by lane. */
  async held(): Promise<Health['held']> {
    const answer = await fetch(`${this.url}/healthz`).catch(() => null);
    const { held = {} } = answer === null ? {} : ((await answer.json()) as Partial<Pick<Health, 'held'>>);
    return held;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Drains and ends. Resolves to its exit code. */
  stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  /** Bytes. */
  get residentMemory(): number {
    const status = readFileSync(`/proc/${this.#process.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.isRunning) {
      const exited = once(this.#process, 'exit');
      this.#process.kill(signal);
      await exited;
    }
    return this.#process.exitCode;
  }
}
