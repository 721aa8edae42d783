import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';
import { freePort } from '../../src/embedded/free-port.js';
import { Lifecycle } from '../../src/platform/lifecycle.js';
import type { MigrationPhase } from '../../src/records/migration-phase.js';
import { DAY_MS } from '../../src/records/time-range.js';
import { GatewayProcess } from './gateway-process.js';
import { freshIngestStack, type IngestStack } from './ingest.js';
import { AnalyticsModel } from './model.js';
import { runCli } from './move.js';
import { everythingOf } from './rehearsal-answers.js';
import { RehearsalHistory } from './rehearsal-history.js';
import { RehearsalReaders } from './rehearsal-readers.js';
import { RehearsalTraffic } from './rehearsal-traffic.js';
import { until } from './until.js';
import { startCommand } from './up-process.js';

interface RehearsalOptions {
  readonly tenants: number;
  readonly days: number;
  readonly rowsPerDay: number;
  readonly rate: number;
  readonly withinSeconds: number;
  readonly isShown: boolean;
}

/** Past the retention, so that what is older is seen to count nothing. */
const LOOK_BACK_MS = 45 * DAY_MS;

/** A legacy Postgres that has been taken over, a worker and a gateway, and traffic and readers that never rest. */
export class Rehearsal {
  readonly #ending = new AbortController();
  readonly #flowing: Promise<void>;

  private constructor(
    readonly stack: IngestStack,
    readonly history: RehearsalHistory,
    readonly traffic: RehearsalTraffic,
    readonly readers: RehearsalReaders,
    private readonly gateway: GatewayProcess,
    private readonly lifecycle: Lifecycle,
    private readonly withinSeconds: number,
    private readonly isShown: boolean,
  ) {
    this.#flowing = traffic.run(this.#ending.signal);
  }

  static async start({ rate, withinSeconds, isShown, ...size }: RehearsalOptions): Promise<Rehearsal> {
    const history = new RehearsalHistory({ now: Date.now(), ...size });
    const lifecycle = new Lifecycle((name, error) => {
      throw new Error(`${name} did not close`, { cause: error });
    });
    try {
      const stack = await freshIngestStack({ before: (postgres) => history.insert(postgres) });
      lifecycle.push('stack', () => stack.close());
      await history.live(stack.postgres);
      const worker = startCommand(['worker'], { ...stack.environment, LOG_LEVEL: 'warn' });
      lifecycle.push('worker', () => worker.stop());
      const gateway = new GatewayProcess(stack.environment, await freePort());
      lifecycle.push('gateway', () => gateway.stop());
      await gateway.ready();
      const readers = new RehearsalReaders(gateway, history);
      const traffic = new RehearsalTraffic(stack, { history, rate });
      return new Rehearsal(stack, history, traffic, readers, gateway, lifecycle, withinSeconds, isShown);
    } catch (error) {
      await lifecycle.close();
      throw error;
    }
  }

  /** Runs a command that must succeed, and resolves to what it printed. */
  async command(...args: readonly string[]): Promise<string> {
    const { code, output, errors } = await runCli(this.stack, ...args);
    if (this.isShown) process.stdout.write(`$ ethhook-analytics ${args.join(' ')}\n${output}\n`);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}:\n${output}${errors}`);
    return output;
  }

  /** Starts the backfill and kills it once it has copied something more, or has ended by itself: resolves to whether. */
  async killBackfill(afterMs: number): Promise<boolean> {
    const before = await this.#chunksDone();
    const { process: child } = startCommand(['backfill'], this.stack.environment);
    const exited = once(child, 'exit');
    await until(
      'the backfill copies',
      async () => child.exitCode !== null || (await this.#chunksDone()) > before,
      this.withinSeconds,
    );
    await delay(afterMs);
    child.kill('SIGKILL');
    const [, signal] = await exited;
    return signal === 'SIGKILL';
  }

  /** Resolves when the gateway follows a phase: no process is started anew. */
  follows(phase: MigrationPhase): Promise<void> {
    return this.gateway.follows(phase);
  }

  /**
   * A stop: while traffic and readers go on, every number of every tenant up to this moment is what the model says, and
   * no reader was let down so far.
   */
  async expectExact(): Promise<void> {
    const to = await this.traffic.hold();
    const range = { from: to - LOOK_BACK_MS, to };
    const model = new AnalyticsModel(this.traffic.attempts, this.traffic.events);
    const ask = (userId: string, query: string, variables: object) => this.gateway.ask(userId, query, variables);
    const deadline = Date.now() + this.withinSeconds * 1_000;
    for (const tenant of this.history.tenants) {
      for (const { name, ask: actual, expected } of everythingOf(tenant, range, model, ask)) {
        const right = await expected();
        let answer = await actual();
        while (!isDeepStrictEqual(answer, right) && Date.now() < deadline) {
          await delay(100);
          answer = await actual();
        }
        expect({ tenant: tenant.userId, [name]: answer }).toEqual({ tenant: tenant.userId, [name]: right });
      }
    }
    this.traffic.release();
    this.readers.expectNoFailure();
  }

  /** Ends traffic and readers; both have finished what they began. */
  async rest(): Promise<void> {
    this.#ending.abort();
    await this.#flowing;
    await this.readers.stop();
  }

  async close(): Promise<void> {
    await this.rest();
    await this.lifecycle.close();
  }

  async #chunksDone(): Promise<number> {
    const [row] = await this.stack.postgres.query<{ done: number }>({
      name: 'test_chunks_done',
      text: 'SELECT count(*) AS done FROM backfill_chunks WHERE finished_at IS NOT NULL AND NOT expired',
    });
    return row?.done ?? 0;
  }
}
