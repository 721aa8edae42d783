import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { freePort } from '../../src/embedded/free-port.js';
import { FaultServers } from '../support/fault-servers.js';
import { needCommand } from '../support/needed-command.js';
import { until } from '../support/until.js';

const run = promisify(execFile);
const RUNS_ON = /^npx ethhook-analytics (worker|gateway)\b/;

/** What a page tells to type under a heading, block by block, and what it says is answered. */
function shownUnder(heading: string, page: string): { blocks: string[]; answers: unknown[] } {
  const section = readFileSync(page, 'utf8')
    .split(/^## /m)
    .find((each) => each.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`${page} has no "${heading}"`);
  return {
    blocks: [...section.matchAll(/(?:^ {4}.*\n)+/gm)].map(([block]) => block.replaceAll(/^ {4}/gm, '')),
    answers: [...section.matchAll(/```json\n(.*?)```/gs)].map(([, json = '']): unknown => JSON.parse(json)),
  };
}

describe('someone who has servers and the README', () => {
  let servers: FaultServers | undefined;
  let environment: Record<string, string>;
  let running: ChildProcess[];

  beforeEach(async () => {
    needCommand('psql');
    needCommand('redis-cli');
    running = [];
    servers = await FaultServers.start();
    const port = await freePort();
    const workerPort = await freePort([port]);
    environment = {
      PATH: process.env['PATH'] ?? '',
      POSTGRES_URL: servers.url('postgres'),
      CLICKHOUSE_URL: servers.url('clickhouse'),
      REDIS_URL: servers.url('redis'),
      PORT: `${port}`,
      WORKER_PORT: `${workerPort}`,
    };
  }, 480_000);

  afterEach(async () => {
    const exits = running.map((child) => once(child, 'exit'));
    for (const { pid } of running) if (pid !== undefined) process.kill(-pid, 'SIGTERM');
    await Promise.all(exits);
    await servers?.stop();
  }, 120_000);

  /** As typed, but for the port. */
  async function type(block: string): Promise<string> {
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', onOwnPort(block)], { env: environment });
    return stdout;
  }

  const onOwnPort = (block: string): string => block.replaceAll(':4000/', `:${environment['PORT']}/`);

  /** What runs on is left running in a group of its own. */
  async function start(block: string): Promise<void> {
    for (const line of block.trim().split('\n')) {
      if (RUNS_ON.test(line)) {
        running.push(spawn('bash', ['-c', line], { env: environment, detached: true, stdio: 'ignore' }));
      } else await type(line);
    }
    for (const port of ['PORT', 'WORKER_PORT']) {
      const url = `http://127.0.0.1:${environment[port]}/readyz`;
      await until(`${url} is ready`, async () => (await fetch(url).catch(() => null))?.status === 200, 150);
    }
  }

  test('gets from there to an answer by what it tells to type, and to an event by the guide for producers', async () => {
    const { blocks, answers } = shownUnder('With servers of your own', 'README.md');
    const [exports = '', processes = '', configuration = '', attempt = '', question = '', ...more] = blocks;
    expect(more).toEqual([]);
    for (const [, name = '', value = ''] of exports.matchAll(/^export (\w+)=(\S+)$/gm)) environment[name] ??= value;
    await start(processes);
    await type(configuration);
    await type(attempt);
    let answer: unknown;
    const isAnswered = async (): Promise<boolean> => {
      answer = JSON.parse(await type(question));
      return JSON.stringify(answer) === JSON.stringify(answers[0]);
    };
    await until('the attempt is counted', isAnswered, 60).catch(() => undefined);
    expect(answer).toEqual(answers[0]);

    for (const block of shownUnder('Events', 'docs/producers.md').blocks) await type(block);
    const asked = question.replace(
      /(?<=-d ').*(?=')/,
      '{"query":"{ deliveryAttempts { nodes { event { blockNumber } } } }"}',
    );
    const hasEvent = async (): Promise<boolean> => (await type(asked)).includes('17173049');
    await until('the event of the attempt is there', hasEvent, 60);
  }, 480_000);
});
