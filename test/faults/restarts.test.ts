import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { FaultProcess } from '../support/fault-process.js';
import { FaultStack } from '../support/fault-stack.js';
import { anyAttempt, TRAFFIC_USERS } from '../support/fault-traffic.js';
import { tokenOf } from '../support/gateway.js';
import { until } from '../support/until.js';
import { FORM } from './form.js';

const CLIENTS = 4;
const PAUSE_MS = 20;
const DAY_MS = 86_400_000;
/** How long a client waits for an answer; an upstream that is busy may take its time. */
const PATIENCE_MS = 60_000;
const LIVE = 'subscription { hourlyStats { hour attempts } }';

describe('two gateways and three workers, one of each restarted again and again', () => {
  let stack: FaultStack;

  beforeAll(async () => {
    stack = await FaultStack.start(FORM);
    const rows = TRAFFIC_USERS.map((id) => `('${id}', '${id}@example.com')`).join();
    await stack.postgres.query({ name: 'test', text: `INSERT INTO users (id, email) VALUES ${rows}` });
  }, 240_000);

  afterAll(() => stack.stop(), 120_000);

  const userOf = (client: number): string => TRAFFIC_USERS[client % TRAFFIC_USERS.length] ?? '';

  /**
   * Asks as a client behind a load balancer does: one whose connection was cut, or could not be made, asks the other
   * gateway. Every answer has to be a good one. Returns how many there were and what was wrong with the others.
   */
  async function askOn(gateways: readonly FaultProcess[], client: number, signal: AbortSignal) {
    const wrong: string[] = [];
    let good = 0;
    for (let turn = client; !signal.aborted; turn++) {
      const from = new Date(Date.now() - 3 * DAY_MS).toISOString();
      const answer = await fetch(`${gateways[turn % gateways.length]?.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${await tokenOf(userOf(client))}` },
        body: JSON.stringify({ query: `{ me { stats(range: { from: "${from}" }) { attempts } } }` }),
        signal: AbortSignal.timeout(PATIENCE_MS),
      })
        .then(async (response) => ({ status: response.status, body: await response.text() }))
        .catch(() => null);
      if (answer === null) await delay(PAUSE_MS);
      else if (answer.status === 200 && !answer.body.includes('"errors"')) good++;
      else wrong.push(`${answer.status} ${answer.body}`);
      await delay(PAUSE_MS);
    }
    return { good, wrong };
  }

  /** A subscriber that connects again, to whichever gateway there is, for as long as it takes. */
  function watch(gateways: readonly FaultProcess[], client: number) {
    let hours = 0;
    let attempts = client;
    const errors: unknown[] = [];
    const socket = createClient({
      url: () => `${gateways[attempts++ % gateways.length]?.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: async () => ({ authorization: `Bearer ${await tokenOf(userOf(client))}` }),
      retryAttempts: Number.POSITIVE_INFINITY,
      retryWait: () => delay(200),
      shouldRetry: () => true,
    });
    socket.subscribe(
      { query: LIVE },
      {
        next: () => {
          hours++;
        },
        error: (error) => errors.push(error),
        complete: () => undefined,
      },
    );
    return { hours: () => hours, errors, close: () => socket.dispose() };
  }

  test(
    'fail no query, lose and double no row, and their subscriptions resume',
    async () => {
      const gateways = [await stack.startGateway(), await stack.startGateway()];
      const workers = [await stack.startWorker(), await stack.startWorker(), await stack.startWorker()];
      const clients = Array.from({ length: CLIENTS }, (_, client) => client);
      const watching = clients.map((client) => watch(gateways, client));
      const stopping = new AbortController();
      const asking = Promise.all(clients.map((client) => askOn(gateways, client, stopping.signal)));

      await stack.under(FORM.rate, async () => {
        for (let round = 0; round < FORM.restarts; round++) {
          const [place, workerPlace] = [round % gateways.length, round % workers.length];
          const [gateway, worker] = [gateways[place], workers[workerPlace]];
          if (gateway === undefined || worker === undefined) throw new Error('there is no such process');
          // As a rolling upgrade does it, and as a machine that fails.
          const end = (each: FaultProcess) => (round % 2 === 0 ? each.stop() : each.kill());
          await Promise.all([end(gateway), end(worker)]);
          [gateways[place], workers[workerPlace]] = await Promise.all([
            stack.startGateway(gateway.port),
            stack.startWorker(),
          ]);
          const seen = watching.map(({ hours }) => hours());
          await until(
            'every subscription goes on',
            async () => {
              await stack.traffic.attempts(clients.map((client) => anyAttempt({ user_id: userOf(client) })));
              await delay(200);
              return watching.every(({ hours }, client) => hours() > (seen[client] ?? 0));
            },
            120,
          );
          await delay(FORM.restartSeconds * 1_000);
        }
      });
      stopping.abort();
      const answers = await asking;
      await Promise.all(watching.map(({ close }) => close()));

      expect(answers.flatMap(({ wrong }) => wrong)).toEqual([]);
      for (const { good } of answers) expect(good).toBeGreaterThan(FORM.restarts);
      expect(watching.flatMap(({ errors }) => errors)).toEqual([]);
      await stack.expectExact({ rollups: FORM.awaitsAudit });
    },
    FORM.restarts * 180_000 + 300_000,
  );
});
