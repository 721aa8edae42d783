import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { signToken } from '../../src/cli/sign-token.js';
import { until } from './until.js';
import { type RunningCommand, startCommand } from './up-process.js';

const SECRET = 'a secret of the tests';
const TOKEN_MS = 3_600_000;

/** A gateway in a process of its own, compiled as it is shipped. */
export class GatewayProcess {
  readonly #command: RunningCommand;
  readonly #url: string;
  readonly #tokens = new Map<string, string>();

  constructor(environment: Readonly<Record<string, string>>, port: number) {
    this.#command = startCommand(['gateway'], {
      ...environment,
      JWT_SECRET: SECRET,
      PORT: `${port}`,
      LOG_LEVEL: 'warn',
    });
    this.#url = `http://127.0.0.1:${port}`;
  }

  ready(): Promise<void> {
    return until('the gateway is ready', async () => (await this.#get('/readyz')) !== null, 60);
  }

  /** Resolves when it follows a phase. */
  async follows(phase: string): Promise<void> {
    const isFollowed = async (): Promise<boolean> =>
      (await this.#get('/metrics'))?.includes(`ethhook_phase{phase="${phase}"} 1`) === true;
    await until(`the gateway follows ${phase}`, isFollowed, 60);
  }

  /** The data of an answer. Fails where there is none, or an error beside it. */
  async ask(userId: string, query: string, variables: object): Promise<Record<string, unknown>> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${await this.#tokenOf(userId)}` };
    // On a connection of its own: an idle one ends after 5 s, which a test that counts meanwhile does not notice.
    const asking = request(`${this.#url}/graphql`, { method: 'POST', headers, agent: false });
    const answering = once(asking, 'response');
    asking.end(JSON.stringify({ query, variables }));
    const [response]: IncomingMessage[] = await answering;
    if (response === undefined) throw new Error('there is no response');
    const body = await text(response);
    const { data, errors }: { data?: Record<string, unknown> | null; errors?: unknown } = JSON.parse(body);
    if (response.statusCode !== 200 || errors !== undefined || !data)
      throw new Error(`${response.statusCode} ${body.slice(0, 2_000)}`);
    return data;
  }

  async stop(): Promise<void> {
    await this.#command.stop();
  }

  async #get(path: string): Promise<string | null> {
    const response = await fetch(`${this.#url}${path}`).catch(() => null);
    return response?.ok ? response.text() : null;
  }

  async #tokenOf(userId: string): Promise<string> {
    const known = this.#tokens.get(userId);
    if (known !== undefined) return known;
    const token = await signToken({ secret: SECRET, userId, now: Date.now(), ttlMs: TOKEN_MS });
    this.#tokens.set(userId, token);
    return token;
  }
}
