import { spawnSync } from 'node:child_process';

/** Sees that a command is there; missing, as root on Debian or Ubuntu, its package is installed. Neither starts a service. */
export function needCommand(command: 'psql' | 'redis-cli'): void {
  const name = PACKAGES[command];
  if (runs(command)) return;
  const byHand = `Run: sudo apt-get install -y ${name}`;
  if (process.getuid?.() !== 0 || !runs('apt-get')) throw new Error(`${command} is missing. ${byHand}`);
  process.stderr.write(`${command} is missing: installing the package ${name} with apt-get\n`);
  for (const args of [
    ['update', '-qq'],
    ['install', '-qq', '-y', '--no-install-recommends', name],
  ]) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const { status, stderr } = spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=120', ...args], {
      encoding: 'utf8',
      env,
    });
    if (status !== 0) throw new Error(`${command} is missing, and apt-get ${args[0]} failed: ${stderr}\n${byHand}`);
  }
  if (!runs(command)) throw new Error(`${command} was installed and does not run. ${byHand}`);
}

const PACKAGES = { psql: 'postgresql-client', 'redis-cli': 'redis-tools' } as const;

const runs = (command: string): boolean => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
