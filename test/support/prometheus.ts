import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SYSTEM_FOLDER } from '../../src/embedded/system-folder.js';

const UNPACKED = join(SYSTEM_FOLDER, 'prometheus');
const BY_HAND = 'sudo apt-get install -y prometheus  (or the tools of prometheus.io/download on the PATH)';

/** The machine's Prometheus or its promtool; missing, as root on Debian or Ubuntu, that of its package unpacked for us alone. */
export function prometheusTool(name: 'prometheus' | 'promtool'): string {
  const candidates = [name, join(UNPACKED, 'usr/bin', name)];
  const found = candidates.find(runs);
  if (found !== undefined) return found;
  if (process.getuid?.() !== 0) throw new Error(`${name} is missing. Run: ${BY_HAND}`);
  process.stderr.write(
    `Prometheus is missing: downloading its package with apt-get and unpacking it into ${UNPACKED}\n`,
  );
  unpackPackage();
  const unpacked = candidates.find(runs);
  if (unpacked === undefined) throw new Error(`${name} was unpacked and does not run. Run: ${BY_HAND}`);
  return unpacked;
}

const runs = (path: string): boolean => spawnSync(path, ['--version'], { stdio: 'ignore' }).status === 0;

/** Unpacked rather than installed: the installed package would also start a service on port 9090. */
function unpackPackage(): void {
  mkdirSync(SYSTEM_FOLDER, { recursive: true });
  const folder = mkdtempSync(`${UNPACKED}-`);
  try {
    const download = () => run('apt-get', ['download', '-qq', 'prometheus'], folder);
    let failure = download();
    // There may be no lists of packages yet.
    if (failure !== null) failure = run('apt-get', ['update', '-qq'], folder) ?? download();
    if (failure !== null) throw new Error(`Prometheus is missing: ${failure}\nRun: ${BY_HAND}`);
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
      run('dpkg', ['-x', file, '.'], folder);
    }
    rmSync(UNPACKED, { recursive: true, force: true });
    renameSync(folder, UNPACKED);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What went wrong, if anything. */
function run(command: string, args: readonly string[], cwd: string): string | null {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  return status === 0 ? null : `${command} ${args[0]} failed: ${error?.message ?? stderr.trim()}`;
}
