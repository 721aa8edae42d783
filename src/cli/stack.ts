import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment, processEnvironment } from '../config.js';
import { codeOf, messageOf, UserError } from '../platform/errors.js';

/** The five processes of a stack. */
export type StackProcess = 'gateway' | 'worker' | 'clickhouse' | 'postgres' | 'redis';

/** What `up` says of itself in `stack.json` while it is ready. */
export interface Stack {
  readonly gatewayUrl: string;
  readonly graphqlUrl: string;
  readonly subscriptionsUrl: string;
  readonly postgresUrl: string;
  readonly clickhouseUrl: string;
  readonly redisUrl: string;
  readonly jwtSecret: string;
  readonly pids: Readonly<Record<StackProcess, number>>;
}

export const DEFAULT_DATA_DIR = '.ethhook';
/** The option of every command that can speak to a running stack. */
export const DATA_DIR_OPTION = [
  '--data-dir <dir>',
  'where the stack runs to speak to, where the environment has no URLs',
  DEFAULT_DATA_DIR,
] as const;

const STORE_URLS = ['POSTGRES_URL', 'CLICKHOUSE_URL', 'REDIS_URL'] as const;
const stackFile = (dataDir: string): string => join(dataDir, 'stack.json');

/**
 * The environment, with the URLs and the secret of the stack that runs in `dataDir` where the environment has no store's
 * URL. With one of the three the stack is left out altogether: no command may speak to one store here and one there.
 * Fails with a UserError where there is neither.
 */
export function environmentOf(dataDir: string, environment: Environment = processEnvironment()): Environment {
  const isSet = (name: string): boolean => (environment[name] ?? '') !== '';
  if (STORE_URLS.some(isSet)) return environment;
  const stack = readStack(dataDir);
  const fromStack = {
    POSTGRES_URL: stack.postgresUrl,
    CLICKHOUSE_URL: stack.clickhouseUrl,
    REDIS_URL: stack.redisUrl,
    JWT_SECRET: stack.jwtSecret,
  };
  return { ...environment, ...Object.fromEntries(Object.entries(fromStack).filter(([name]) => !isSet(name))) };
}

/** Seen whole or not at all, and by its owner alone: it holds passwords. */
export function writeStack(dataDir: string, stack: Stack): void {
  const half = `${stackFile(dataDir)}.new`;
  writeFileSync(half, `${JSON.stringify(stack, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(half, stackFile(dataDir));
}

export const removeStack = (dataDir: string): void => rmSync(stackFile(dataDir), { force: true });

function readStack(dataDir: string): Stack {
  const remedy = `Set ${STORE_URLS.join(', ')}, or start a stack with: ethhook-analytics up --data-dir ${dataDir}`;
  try {
    const stack: Stack = JSON.parse(readFileSync(stackFile(dataDir), 'utf8'));
    if (Object.values(stack.pids).some(isAlive)) return stack;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw new UserError(`${stackFile(dataDir)} cannot be read: ${messageOf(error)}`);
  }
  throw new UserError(
    `There is nothing to speak to: the environment has no store's URL, and no stack runs in ${dataDir}.\n${remedy}`,
  );
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}
