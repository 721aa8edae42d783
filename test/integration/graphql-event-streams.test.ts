import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { signToken } from '../../src/cli/sign-token.js';
import { ALICE, BOB, BOBS_ENDPOINT, SHOP_ORDERS, uuidOf } from '../support/analytics-dataset.js';
import { ADMIN, freshStores, SECRET, startTestGateway, tokenOf } from '../support/gateway.js';
import { type Message, QUERY, startCommitting } from '../support/live.js';
import { until } from '../support/until.js';

/** The leeway of clocks, milliseconds: a token is believed for so long after its end. */
const LEEWAY_MS = 30_000;

interface StreamEvent {
  readonly event: string;
  readonly data: {
    readonly data?: { readonly hourlyStats: Message } | null;
    readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
  } | null;
}

describe('streams of events', () => {
  let stores: Awaited<ReturnType<typeof freshStores>>;
  let gateway: Awaited<ReturnType<typeof startTestGateway>>;
  let committing: Awaited<ReturnType<typeof startCommitting>>;

  beforeAll(async () => {
    stores = await freshStores();
    gateway = await startTestGateway({ ...stores.environment, MAX_SUBSCRIPTIONS_PER_USER: '1' });
    committing = await startCommitting(stores);
  });

  afterAll(async () => {
    committing?.close();
    await gateway?.close();
    await stores?.close();
  });

  /** Asks as a user, or with a token, as an admin for `asUser`, and reads what comes. */
  async function open(
    asker: string,
    query: string,
    { variables = {}, url = gateway.url, asUser }: { variables?: object; url?: string; asUser?: string } = {},
  ) {
    const leaving = new AbortController();
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: `Bearer ${asker.includes('.') ? asker : await tokenOf(asker)}`,
        ...(asUser === undefined ? {} : { 'x-ethhook-as-user': asUser }),
      },
      body: JSON.stringify({ query, variables }),
      signal: leaving.signal,
    });
    const events: StreamEvent[] = [];
    const comments: string[] = [];
    const read = async (): Promise<void> => {
      let text = '';
      for await (const chunk of response.body ?? []) {
        text += Buffer.from(chunk).toString();
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        comments.push(...blocks.filter((block) => block === ':'));
        events.push(...blocks.filter((block) => block !== ':').map(eventOf));
      }
    };
    const type = response.headers.get('content-type');
    const isStream = type?.startsWith('text/event-stream') === true;
    const ended = isStream ? read().catch(() => undefined) : Promise.resolve();
    return { response, events, comments, ended, leave: () => leaving.abort() };
  }

  const hoursOf = (events: readonly StreamEvent[]): Message[] =>
    events.flatMap(({ data }) => (data?.data ? [data.data.hourlyStats] : []));

  test('the current hour comes at once, then every hour that changed, until the client leaves', async () => {
    const stream = await open(ALICE, QUERY);
    expect(stream.response.status).toBe(200);
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    await until('the current hour', () => stream.events.length === 1);
    const [first] = hoursOf(stream.events);
    await committing.commit(SHOP_ORDERS, Date.parse(first?.hour ?? ''));
    await until('the change', () => stream.events.length === 2);
    expect(stream.events.map(({ event }) => event)).toEqual(['next', 'next']);
    expect(hoursOf(stream.events)[1]).toEqual(
      expect.objectContaining({ hour: first?.hour, attempts: (first?.attempts ?? 0) + 1 }),
    );

    const refused = await open(ALICE, QUERY);
    expect(refused.response.status).toBe(429);
    expect(refused.response.headers.get('retry-after')).toBe('60');
    expect(JSON.parse(await refused.response.text())).toEqual({
      errors: [expect.objectContaining({ extensions: { code: 'RATE_LIMITED', requestId: expect.any(String) } })],
    });
    stream.leave();
    await until('there is room again', async () => {
      const next = await open(ALICE, QUERY);
      next.leave();
      return next.response.status === 200;
    });
  });

  test('what an admin subscribes to for a user is counted as the admin’s own', async () => {
    const acting = await open(ADMIN, QUERY, { asUser: BOB });
    const own = await open(BOB, QUERY);
    const oneMore = await open(ADMIN, QUERY, { asUser: ALICE });
    expect([acting, own, oneMore].map(({ response }) => response.status)).toEqual([200, 200, 429]);
    acting.leave();
    own.leave();
    await until('the admin has room again', async () => {
      const next = await open(ADMIN, QUERY, { asUser: ALICE });
      next.leave();
      return next.response.status === 200;
    });
  });

  test('a query is answered as a stream of one', async () => {
    const stream = await open(ALICE, '{ me { id } }');
    await stream.ended;
    expect(stream.events).toEqual([
      { event: 'next', data: { data: { me: { id: ALICE } } } },
      { event: 'complete', data: null },
    ]);
  });

  test('what is refused before it runs is plain JSON with its status', async () => {
    for (const [token, query, status, code] of [
      ['no.token.atall', QUERY, 401, 'UNAUTHENTICATED'],
      [ALICE, 'subscription { nonsense }', 400, 'BAD_USER_INPUT'],
    ] as const) {
      const { response } = await open(token, query);
      expect(response.status).toBe(status);
      expect(JSON.parse(await response.text())).toEqual({
        errors: [expect.objectContaining({ extensions: { code, requestId: expect.any(String) } })],
      });
    }
  });

  test('another user’s source and an unknown one are refused in the same words', async () => {
    const said: unknown[] = [];
    for (const endpointId of [BOBS_ENDPOINT, uuidOf(901)]) {
      const stream = await open(ALICE, QUERY, { variables: { endpointId } });
      await stream.ended;
      const [refusal, last] = stream.events;
      expect(refusal?.data?.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', requestId: expect.any(String) });
      expect(last).toEqual({ event: 'complete', data: null });
      said.push(refusal?.data?.errors?.map(({ message }) => message));
    }
    expect(said[0]).toEqual(said[1]);
  });

  test('a token that expires ends its stream with an error', async () => {
    const token = await signToken({ secret: SECRET, userId: BOB, now: Date.now(), ttlMs: 8_000 - LEEWAY_MS });
    const stream = await open(token, QUERY);
    expect(stream.response.status).toBe(200);
    await stream.ended;
    expect(stream.events.slice(-2)).toEqual([
      {
        event: 'next',
        data: {
          errors: [
            {
              message: 'The stream has ended: token expired.',
              extensions: { code: 'UNAUTHENTICATED', requestId: expect.any(String) },
            },
          ],
        },
      },
      { event: 'complete', data: null },
    ]);
  });

  test('a silent stream carries comments, and stopping ends it without a last event, so that clients ask again', async () => {
    const other = await startTestGateway({ ...stores.environment, KEEPALIVE_MS: '100' });
    const stream = await open(ALICE, QUERY, { url: other.url });
    await until('the current hour, and comments', () => stream.events.length === 1 && stream.comments.length > 1);
    await other.close();
    await stream.ended;
    expect(stream.events.map(({ event }) => event)).toEqual(['next']);
  });
});

function eventOf(block: string): StreamEvent {
  const [event, data] = ['event', 'data'].map((name) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1] ?? '');
  return { event: event ?? '', data: data ? JSON.parse(data) : null };
}
