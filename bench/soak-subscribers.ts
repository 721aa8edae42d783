import { setTimeout as delay } from 'node:timers/promises';
import WebSocket from 'ws';
import { Random } from '../src/simulation/random.js';
import type { LiveUser } from './live-traffic.js';

/** What came of the subscribers so far. */
export interface Subscribed {
  begun: number;
  messages: number;
  /** What none of them should have met. */
  wrong: string[];
}

const QUERY = 'subscription { hourlyStats { hour attempts successes p95LatencyMs } }';
const INIT = (token: string): string =>
  JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
const SUBSCRIBE = (id: string): string => JSON.stringify({ id, type: 'subscribe', payload: { query: QUERY } });
const COMPLETE = (id: string): string => JSON.stringify({ id, type: 'complete' });
/** They stay for so long on average, milliseconds. */
const STAY_MS = 20_000;
const WRONG_KEPT = 10;

const random = new Random('soak-subscribers');

/**
 * One who subscribes over a socket or a stream of events, stays for a while, leaves in one of the ways there are, and comes
 * again as another user, until the signal aborts.
 */
export async function comeAndGo(
  graphqlUrl: string,
  users: readonly LiveUser[],
  subscribed: Subscribed,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const token = users[random.whole(0, users.length - 1)]?.token ?? '';
    const leaving = new AbortController();
    const stay = delay(random.fraction() * 2 * STAY_MS, undefined, { signal })
      .catch(() => undefined)
      .then(() => leaving.abort());
    const visit = random.chance(0.2)
      ? readEvents(graphqlUrl, token, subscribed, leaving.signal)
      : holdSocket(graphqlUrl.replace('http', 'ws'), token, subscribed, leaving.signal);
    await visit.catch((error: unknown) => {
      if (subscribed.wrong.length < WRONG_KEPT) subscribed.wrong.push(String(error));
    });
    await stay;
  }
}

/** Leaves by ending its subscription, by closing the socket or by cutting it off. */
function holdSocket(url: string, token: string, subscribed: Subscribed, leaving: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, 'graphql-transport-ws', { perMessageDeflate: false });
    socket.on('open', () => socket.send(INIT(token)));
    socket.on('message', (data) => {
      const text = String(data);
      if (text.includes('"type":"connection_ack"')) {
        subscribed.begun++;
        for (const id of ['one', 'two']) socket.send(SUBSCRIBE(id));
      } else if (text.includes('"type":"next"')) subscribed.messages++;
      else reject(new Error(text));
    });
    leaving.addEventListener('abort', () => {
      if (socket.readyState === socket.OPEN && random.chance(0.5)) socket.send(COMPLETE('one'));
      if (random.chance(0.5)) socket.close();
      else socket.terminate();
    });
    // Also where it leaves before the socket is open.
    socket.on('error', (error) => (leaving.aborted ? resolve() : reject(error)));
    socket.on('close', (code, reason) => {
      if (leaving.aborted) resolve();
      else reject(new Error(`a socket was closed with ${code} ${String(reason)}`));
    });
  });
}

async function readEvents(url: string, token: string, subscribed: Subscribed, leaving: AbortSignal): Promise<void> {
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${token}` };
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify({ query: QUERY }),
      signal: leaving,
    });
    subscribed.begun++;
    if (!response.ok || response.body === null) throw new Error(`a stream of events was answered ${response.status}`);
    for await (const chunk of response.body) {
      if (String.fromCharCode(...chunk.subarray(0, 11)) === 'event: next') subscribed.messages++;
    }
    throw new Error('a stream of events has ended');
  } catch (error) {
    if (!leaving.aborted) throw error;
  }
}
