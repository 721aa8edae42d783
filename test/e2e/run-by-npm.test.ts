import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, test } from '@jest/globals';
import { freshIngestStack, type IngestStack } from '../support/ingest.js';
import { until } from '../support/until.js';

/** npm puts a shell between itself and the command; a signal to npm ends the shell, and the command hears nothing. */
const SHELL = 'node dist/src/main.js worker & echo $!; wait';

describe('a worker behind a shell that was killed', () => {
  let stack: IngestStack;
  let pid = 0;

  beforeEach(async () => {
    stack = await freshIngestStack();
  });

  afterEach(async () => {
    if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    await stack.close();
  });

  async function killShell(): Promise<void> {
    const shell = spawn('sh', ['-c', SHELL], {
      env: { PATH: process.env['PATH'], ...stack.environment, LOG_LEVEL: 'info', npm_execpath: 'npm' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [line] = await once(createInterface(shell.stdout), 'line');
    pid = Number(line);
    let log = '';
    shell.stderr.on('data', (chunk) => {
      log += chunk;
    });
    await until('the worker is working', () => log.includes('"msg":"working"'), 30);
    shell.kill('SIGKILL');
    await once(shell, 'exit');
  }

  test('stops when npm started it', async () => {
    await killShell();
    await until('the worker has stopped', () => !isRunning(pid));
  });
});

function isRunning(pid: number): boolean {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
