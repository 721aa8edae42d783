import { describe, expect, test } from '@jest/globals';
import { type Child, DiedBeforeReady, type Exit } from '../../src/embedded/child.js';
import { Supervisor } from '../../src/embedded/supervisor.js';
import { until } from '../support/until.js';

const KILLED: Exit = { code: null, signal: 'SIGKILL' };

/** A process of which the test says when it dies. */
function processThatLives(pid: number, onStop: () => void = () => undefined): Child & { die(exit: Exit): void } {
  let die: (exit: Exit) => void = () => undefined;
  const exited = new Promise<Exit>((resolve) => {
    die = resolve;
  });
  const stop = async (): Promise<void> => {
    onStop();
    die({ code: 0, signal: null });
  };
  return { pid, exited, stop, die };
}

function supervisorWithLog() {
  const log: string[] = [];
  const supervisor = new Supervisor<'server' | 'client'>({
    onDeath: (name, { signal }) => log.push(`${name} died of ${signal}`),
    onFailedStart: (name) => log.push(`${name} did not start`),
    onRestart: (name) => log.push(`${name} is back`),
    onGiveUp: () => log.push('given up'),
  });
  return { supervisor, log };
}

describe('the supervisor', () => {
  test('starts a process again as often as it dies, and stops the last one', async () => {
    const { supervisor, log } = supervisorWithLog();
    const started: ReturnType<typeof processThatLives>[] = [];
    const start = async () => {
      const child = processThatLives(started.length + 1, () => log.push('stopped'));
      started.push(child);
      return child;
    };
    await supervisor.keep({ name: 'server', start });
    for (let deaths = 1; deaths <= 6; deaths++) {
      started.at(-1)?.die(KILLED);
      await until('it is started again', () => supervisor.pidOf('server') === deaths + 1);
    }
    await supervisor.stop();
    expect(log).toEqual([...Array(6).fill(['server died of SIGKILL', 'server is back']).flat(), 'stopped']);
  });

  test('gives up a process that dies five times in a row before it is ready', async () => {
    const { supervisor, log } = supervisorWithLog();
    let starts = 0;
    const start = async (): Promise<Child> => {
      starts++;
      throw new DiedBeforeReady('no');
    };
    await expect(supervisor.keep({ name: 'server', start })).rejects.toThrow('server died 5 times in a row');
    expect(starts).toBe(5);
    expect(log).toEqual(Array(4).fill('server did not start'));
    await supervisor.stop();
  });

  test('does not hold the deaths of a process against it while what it needs is away', async () => {
    const { supervisor } = supervisorWithLog();
    const attempt = { server: 0, client: 0 };
    const server = processThatLives(1);
    const client = processThatLives(2);
    let serverMayStart = true;
    await supervisor.keep({
      name: 'server',
      start: async () => {
        attempt.server++;
        await until('the server may start', () => serverMayStart);
        return attempt.server === 1 ? server : processThatLives(3);
      },
    });
    await supervisor.keep({
      name: 'client',
      needs: ['server'],
      start: async () => {
        attempt.client++;
        if (attempt.client === 1) return client;
        if (!serverMayStart) throw new DiedBeforeReady('the server is away');
        return processThatLives(4);
      },
    });
    serverMayStart = false;
    server.die(KILLED);
    client.die(KILLED);
    await until('the client has died more than five times', () => attempt.client > 7);
    serverMayStart = true;
    await until('both are back', () => supervisor.pidOf('server') === 3 && supervisor.pidOf('client') === 4);
    await supervisor.stop();
  });

  test('ends at once where a start fails for good', async () => {
    const { supervisor, log } = supervisorWithLog();
    const start = (): Promise<Child> => Promise.reject(new Error('the package is missing'));
    await expect(supervisor.keep({ name: 'server', start })).rejects.toThrow('the package is missing');
    expect(log).toEqual([]);
  });

  test('stops what was started last first', async () => {
    const { supervisor } = supervisorWithLog();
    const stopped: string[] = [];
    for (const [index, name] of (['server', 'client'] as const).entries()) {
      await supervisor.keep({ name, start: async () => processThatLives(index + 1, () => stopped.push(name)) });
    }
    await supervisor.stop();
    expect(stopped).toEqual(['client', 'server']);
  });
});
