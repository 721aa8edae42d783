import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { type Environment, processEnvironment, readUpConfig, runByNpm } from '../config.js';
import { takeDataFolder } from '../embedded/data-folder.js';
import { Supervisor } from '../embedded/supervisor.js';
import { messageOf } from '../platform/errors.js';
import { Lifecycle, stopSignal } from '../platform/lifecycle.js';
import { createLogger } from '../platform/logger.js';
import { DEFAULT_DATA_DIR, removeStack, type StackProcess, writeStack } from './stack.js';
import { choosePorts } from './stack-ports.js';
import { type StartedStack, startStack } from './start-stack.js';

interface UpOptions {
  readonly dataDir: string;
  readonly port?: string;
  readonly demo: boolean;
  readonly reset?: true;
}

/** Why a stop began that nothing is wrong with. */
const ASKED_TO = Symbol('asked to stop');

/** `up`: the whole system on this machine, until it is stopped. */
export function registerUp(program: Command): void {
  program
    .command('up')
    .description('run the whole system on this machine: servers, worker, gateway and a demo')
    .option('--data-dir <dir>', 'where everything is kept', DEFAULT_DATA_DIR)
    .option('--port <n>', "the gateway's port (default: PORT, else 4000)", parsePort)
    .option('--no-demo', 'empty stores, no simulated traffic')
    .option('--reset', 'first remove what the data folder holds')
    .action(up);
}

async function up(options: UpOptions): Promise<void> {
  const environment: Environment = {
    ...processEnvironment(),
    ...(options.port === undefined ? {} : { PORT: options.port }),
  };
  const config = readUpConfig(environment);
  // A terminal is told what matters; whoever sets LOG_LEVEL gets the log too.
  const logger = createLogger('up', (environment['LOG_LEVEL'] ?? '') === '' ? 'error' : config.LOG_LEVEL);
  const dataDir = resolve(options.dataDir);
  const stop = new AbortController();
  const stopped = stopping(stop, environment);

  const folder = await takeDataFolder(dataDir);
  const lifecycle = new Lifecycle((name, error) => say(`${name} could not be stopped: ${messageOf(error)}`));
  lifecycle.push('data folder', folder.release);
  try {
    // Left behind by one that was killed.
    removeStack(dataDir);
    const ports = await choosePorts({ host: config.HOST, gateway: config.PORT, worker: config.WORKER_PORT });
    if (options.reset === true) folder.empty();

    let stack: StartedStack | undefined;
    const supervisor = new Supervisor<StackProcess>({
      onDeath: (name, { signal, code }) => say(`${name} died (${signal ?? `code ${code}`}): starting it again`),
      onFailedStart: (name, error) => say(`${name} died before it was ready: trying again. ${error.message}`),
      onRestart: (name) => {
        say(`${name} is back`);
        if (stack !== undefined) writeStack(dataDir, stack.describe());
      },
      onGiveUp: (error) => stop.abort(error),
    });
    lifecycle.push('processes', () => supervisor.stop());
    const started = startStack({
      dataDir,
      environment,
      config,
      ports,
      supervisor,
      demo: options.demo,
      lifecycle,
      logger,
      say,
      signal: stop.signal,
    });
    stack = await Promise.race([started, stopped]);
    lifecycle.push('stack.json', () => removeStack(dataDir));
    writeStack(dataDir, stack.describe());
    announce(stack, options.dataDir);
    await stopped;
  } catch (error) {
    if (error !== ASKED_TO) throw error;
    say('Stopping …');
  } finally {
    stop.abort(ASKED_TO);
    await lifecycle.close();
  }
}

/** Fails once the stop begins, with its reason: a signal, or a process that was given up. */
function stopping(stop: AbortController, environment: Environment): Promise<never> {
  void stopSignal(runByNpm(environment)).then(() => stop.abort(ASKED_TO));
  const stopped = new Promise<never>((_, reject) => {
    stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { once: true });
  });
  // Heard here too, for a stop that begins while nobody waits for it.
  stopped.catch(() => undefined);
  return stopped;
}

function announce({ describe, demoToken }: StartedStack, dataDir: string): void {
  const { gatewayUrl, graphqlUrl } = describe();
  const token =
    demoToken === undefined
      ? `  Stores      their URLs are in ${join(dataDir, 'stack.json')}\n` +
        `  Token       npx ethhook-analytics token --data-dir ${dataDir} --user <uuid or email of a row in users>`
      : `  Demo token  ${demoToken}`;
  console.log(`
ethhook-analytics is ready.

  Dashboard   ${gatewayUrl}/
  Playground  ${graphqlUrl}
${token}

Everything is kept in ${dataDir}. Ctrl-C stops it all.`);
}

function say(message: string): void {
  console.log(message);
}

function parsePort(text: string): string {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return text;
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
}
