import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { codeOf, UserError } from '../platform/errors.js';
import { callC } from './c-library.js';
import { removePostgresData } from './postgres-files.js';

const MARK = 'ethhook-analytics.json';
const LOCK = 'lock';
const FORMAT = 1;
const LOCK_EXCLUSIVE_NOW = 2 | 4;

/** A data folder, ours alone for as long as this process lives. */
export interface DataFolder {
  readonly path: string;
  /** Removes all that it holds. */
  empty(): void;
  /** Lets others have it. */
  release(): void;
}

/**
 * Takes a data folder, made when missing. The lock is the kernel's (flock), so a process that died holds none.
 * Fails with a UserError where another process uses the folder, or where it holds something else.
 */
export async function takeDataFolder(path: string): Promise<DataFolder> {
  mark(path);
  const lockFile = join(path, LOCK);
  const descriptor = openSync(lockFile, 'a+', 0o600);
  if ((await callC('flock', descriptor, LOCK_EXCLUSIVE_NOW)) !== 0) {
    closeSync(descriptor);
    const holder = readFileSync(lockFile, 'utf8').trim();
    throw new UserError(
      `The data folder ${path} is in use by process ${holder}. Stop that one, or choose another folder with --data-dir.`,
    );
  }
  ftruncateSync(descriptor);
  writeSync(descriptor, `${process.pid}\n`);
  return { path, empty: () => empty(path), release: () => closeSync(descriptor) };
}

/** Only a folder that says it is ours, or an empty one, is used: its content is ours to change and to remove. */
function mark(path: string): void {
  const markFile = join(path, MARK);
  try {
    mkdirSync(path, { recursive: true });
    if (!existsSync(markFile)) {
      if (readdirSync(path).length > 0) {
        throw new UserError(
          `The folder ${path} holds something else than this system's data. Choose an empty one with --data-dir.`,
        );
      }
      writeFileSync(markFile, `${JSON.stringify({ format: FORMAT })}\n`);
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`The data folder ${path} cannot be used (${codeOf(error)}). Choose another with --data-dir.`);
  }
}

function empty(path: string): void {
  removePostgresData(join(path, 'postgres'));
  for (const name of readdirSync(path).filter((entry) => entry !== MARK && entry !== LOCK)) {
    rmSync(join(path, name), { recursive: true, force: true });
  }
}
