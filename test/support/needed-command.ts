import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PACKAGES = { psql: 'postgresql-client', 'redis-cli': 'redis-tools' } as const;
/** Files of tests run side by side, and apt-get does not wait for another that updates its lists. */
const LOCK = join(tmpdir(), 'ethhook-test-apt.lock');

/** Sees that a command is there; missing, as root on Debian or Ubuntu, its package is installed. Neither starts a service. */
export function needCommand(command: keyof typeof PACKAGES): void {
  if (runs(command)) return;
  const name = PACKAGES[command];
  const byHand = `Run: sudo apt-get install -y ${name}`;
  if (process.getuid?.() !== 0 || !runs('apt-get')) throw new Error(`${command} is missing. ${byHand}`);
  process.stderr.write(`${command} is missing: installing the package ${name} with apt-get\n`);
  const apt = 'apt-get -qq -o DPkg::Lock::Timeout=120';
  const install = `${apt} update && ${apt} install -y --no-install-recommends ${name}`;
  const { status, stderr } = spawnSync('flock', [LOCK, 'sh', '-c', install], {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status !== 0) throw new Error(`${command} is missing, and apt-get failed: ${stderr}\n${byHand}`);
  if (!runs(command)) throw new Error(`${command} was installed and does not run. ${byHand}`);
}

const runs = (command: string): boolean => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
