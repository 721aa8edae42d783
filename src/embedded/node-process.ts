import { type Child, startServer, untilReady } from './child.js';
import { compiledFile } from './compiled-file.js';
import { answersOk } from './http-probe.js';

interface NodeProcessOptions {
  /** The command of this same program that it runs. */
  readonly command: string;
  /** All of its environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Answers with 200 once it is ready. */
  readonly readyUrl: string;
  readonly logFile: string;
  readonly signal: AbortSignal;
}

/** Starts another process of this program. Fails with DiedBeforeReady. */
export async function startNodeProcess(options: NodeProcessOptions): Promise<Child> {
  const { command, environment, readyUrl, logFile, signal } = options;
  const child = await startServer({
    command: process.execPath,
    args: ['--enable-source-maps', compiledFile('src/main.js'), command],
    environment,
    logFile,
    stopSignal: 'SIGTERM',
    // The stores go with us, so there would be nothing left to drain into.
    deathSignal: 'SIGKILL',
  });
  await untilReady({ what: command, child, logFile, probe: () => answersOk(readyUrl), signal });
  return child;
}
