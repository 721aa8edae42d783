import WebSocket from 'ws';
import { monotonicMs, type Told } from './live-latencies.js';

/** Sockets of one process, each with one subscription to the live hours of a user. */
export interface SubscribersRequest {
  readonly socketUrl: string;
  /** One a socket. */
  readonly tokens: readonly string[];
  /** The hour whose messages count, as the gateway writes it. */
  readonly hour: string;
}

/** Asked by the parent once all is sent. */
export type SubscribersQuestion = 'what were you told?';

export type SubscribersAnswer =
  | { readonly kind: 'subscribed' }
  | { readonly kind: 'failed'; readonly reason: string }
  /** One list a socket, in the order of the tokens. */
  | { readonly kind: 'told'; readonly told: readonly (readonly Told[])[] };

const QUERY =
  'subscription { hourlyStats { hour attempts successes failures pending retries successRate avgLatencyMs p50LatencyMs p95LatencyMs p99LatencyMs } }';
/** Sockets that are being opened at one time. */
const OPENING = 50;

const answer = (message: SubscribersAnswer): void => {
  process.send?.(message);
};

let told: Told[][] = [];

process.on('message', (message: SubscribersRequest | SubscribersQuestion) => {
  if (typeof message === 'string') answer({ kind: 'told', told });
  else subscribeAll(message).catch((error: unknown) => answer({ kind: 'failed', reason: String(error) }));
});
process.once('disconnect', () => process.exit());

async function subscribeAll({ socketUrl, tokens, hour }: SubscribersRequest): Promise<void> {
  told = tokens.map(() => []);
  const waiting = tokens.map((token, place) => ({ token, heard: told[place] ?? [] }));
  const open = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      await subscribe(socketUrl, next.token, hour, next.heard);
    }
  };
  await Promise.all(Array.from({ length: OPENING }, open));
  answer({ kind: 'subscribed' });
}

/** Resolves with the first message. Messages are searched rather than parsed, so that the readers cost little. */
function subscribe(socketUrl: string, token: string, hour: string, heard: Told[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(socketUrl, 'graphql-transport-ws', { perMessageDeflate: false });
    socket.on('open', () => socket.send(`{"type":"connection_init","payload":{"authorization":"Bearer ${token}"}}`));
    socket.on('message', (data) => {
      const at = monotonicMs();
      const text = String(data);
      if (text.includes('"type":"connection_ack"')) {
        socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: QUERY } }));
      } else if (text.includes('"type":"next"')) {
        if (text.includes(hour)) heard.push({ attempts: counterOf(text), at });
        resolve();
      }
    });
    socket.on('error', reject);
    socket.on('close', (code, reason) => {
      const why = `a socket was closed with ${code} ${String(reason)}`;
      reject(new Error(why));
      answer({ kind: 'failed', reason: why });
    });
  });
}

function counterOf(text: string): number {
  const name = '"attempts":';
  return Number.parseInt(text.slice(text.indexOf(name) + name.length), 10);
}
