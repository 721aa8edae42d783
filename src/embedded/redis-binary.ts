import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../platform/errors.js';
import { SYSTEM_FOLDER } from './system-folder.js';

export interface Binary {
  readonly path: string;
  /** What it runs with, where not with our own environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

const NAMES = ['redis-server', 'valkey-server'];
const FOLDERS = ['', '/usr/bin/', '/usr/sbin/', '/usr/local/bin/', '/usr/local/sbin/', '/opt/homebrew/bin/'];
const UNPACKED = join(SYSTEM_FOLDER, 'redis');

/** The machine's Redis or Valkey; missing, as root on Debian or Ubuntu, its package unpacked for us alone. */
export function findRedis(say: (message: string) => void): Binary {
  const candidates: Binary[] = [
    ...NAMES.flatMap((name) => FOLDERS.map((folder) => ({ path: `${folder}${name}` }))),
    unpacked(),
  ];
  const found = candidates.find(runs);
  if (found !== undefined) return found;
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) {
    throw new UserError(`Redis is missing: neither ${NAMES.join(' nor ')} is found. Run: ${installCommand()}`);
  }
  say(`Redis is missing: downloading the package redis-server with apt-get and unpacking it into ${UNPACKED}`);
  unpackPackage();
  const binary = unpacked();
  if (runs(binary)) return binary;
  throw new UserError(`The unpacked ${binary.path} does not run. Run: ${installCommand()}`);
}

const runs = ({ path, environment }: Binary): boolean =>
  spawnSync(path, ['--version'], { stdio: 'ignore', ...(environment === undefined ? {} : { env: environment }) })
    .status === 0;

/** Unpacked rather than installed: the installed package would also enable a service on port 6379. */
function unpackPackage(): void {
  const apt = join(UNPACKED, 'apt');
  const lists = join(apt, 'lists');
  const archives = join(apt, 'archives');
  const root = join(UNPACKED, 'root.new');
  rmSync(root, { recursive: true, force: true });
  mkdirSync(join(lists, 'partial'), { recursive: true });
  mkdirSync(join(archives, 'partial'), { recursive: true });
  mkdirSync(root, { recursive: true });
  const options = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${apt}`, '-o', 'Debug::NoLocking=1'];
  run('apt-get', ['update', '-qq', ...options]);
  run('apt-get', ['install', '-qq', '-y', '--no-install-recommends', '--download-only', ...options, 'redis-server']);
  for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
    run('dpkg', ['-x', join(archives, file), root]);
  }
  rmSync(join(UNPACKED, 'root'), { recursive: true, force: true });
  renameSync(root, join(UNPACKED, 'root'));
  rmSync(apt, { recursive: true, force: true });
}

/** The unpacked server, with its libraries, which nobody told the linker about. */
function unpacked(): Binary {
  const root = join(UNPACKED, 'root');
  const folders = ['usr/lib', 'lib'].map((folder) => join(root, folder)).filter((folder) => existsSync(folder));
  const libraries = folders.flatMap((folder) => [
    folder,
    ...readdirSync(folder)
      .filter((name) => name.endsWith('-linux-gnu'))
      .map((name) => join(folder, name)),
  ]);
  return { path: join(root, 'usr/bin/redis-server'), environment: { LD_LIBRARY_PATH: libraries.join(':') } };
}

function run(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return;
  throw new UserError(
    `Redis is missing, and its package could not be fetched: ${command} ${args[0]} failed: ` +
      `${error?.message ?? stderr.trim()}\nRun: ${installCommand()}`,
  );
}

function installCommand(): string {
  const runsTool = (tool: string): boolean => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0;
  if (runsTool('apt-get')) return 'sudo apt-get install -y redis-server';
  if (runsTool('dnf')) return 'sudo dnf install -y valkey';
  if (runsTool('apk')) return 'sudo apk add redis';
  if (runsTool('pacman')) return 'sudo pacman -S --noconfirm valkey';
  return 'brew install redis';
}
