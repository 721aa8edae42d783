import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';
import { messageOf } from '../../src/platform/errors.js';
import { DAY_MS } from '../../src/records/time-range.js';
import type { GatewayProcess } from './gateway-process.js';
import { AnalyticsModel } from './model.js';
import { type Ask, everythingOf } from './rehearsal-answers.js';
import type { RehearsalHistory } from './rehearsal-history.js';

/** Between the requests of a client. */
const PAUSE_MS = 100;
const DASHBOARD = `{ dashboardStats { totalEvents attempts p95LatencyMs hourlyStats { hour attempts } }
  deliveryAttempts(first: 20) { nodes { id event { id } endpoint { id name } } } events(first: 20) { nodes { id } } }`;

/**
 * Clients that ask as long as the rehearsal lasts. None of their requests may fail; and the first tenant, to whom nothing
 * happens, gets the same right answers all the time, whatever step is just being taken.
 */
export class RehearsalReaders {
  readonly #ending = new AbortController();
  readonly #failures: string[] = [];
  readonly #reading: Promise<unknown>;
  #requests = 0;

  constructor(gateway: GatewayProcess, history: RehearsalHistory) {
    const ask: Ask = async (...question) => {
      this.#requests += 1;
      await delay(PAUSE_MS);
      return gateway.ask(...question);
    };
    this.#reading = Promise.all([
      this.#goOn(() => this.#readDashboards(ask, history)),
      this.#goOn(this.#frozenReader(ask, history)),
    ]);
  }

  /** Fails with what went wrong first. */
  expectNoFailure(): void {
    expect(this.#failures.slice(0, 3)).toEqual([]);
    expect(this.#requests).toBeGreaterThan(0);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#reading;
  }

  async #goOn(read: () => Promise<void>): Promise<void> {
    while (!this.#ending.signal.aborted) {
      await read().catch((error: unknown) => this.#failures.push(`${new Date().toISOString()} ${messageOf(error)}`));
    }
  }

  async #readDashboards(ask: Ask, { tenants }: RehearsalHistory): Promise<void> {
    for (const { userId } of tenants) await ask(userId, DASHBOARD, {});
  }

  #frozenReader(ask: Ask, { tenants, attempts, events }: RehearsalHistory): () => Promise<void> {
    const [tenant] = tenants;
    if (tenant === undefined) throw new Error('there are no tenants');
    const to = Date.now();
    const model = new AnalyticsModel(attempts, events);
    const questions = everythingOf(tenant, { from: to - 3 * DAY_MS, to }, model, ask);
    const expected = questions.map((question) => question.expected());
    return async () => {
      for (const [index, question] of questions.entries()) {
        const [answer, right] = [await question.ask(), await expected[index]];
        if (!isDeepStrictEqual(answer, right)) throw new Error(`${question.name} of the tenant at rest were wrong`);
      }
    };
  }
}
