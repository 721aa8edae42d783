import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { SocketWatch } from '../../src/graphql/live/socket-watch.js';
import { until } from '../support/until.js';

describe('a watched socket', () => {
  let server: WebSocketServer;
  let watch: SocketWatch;

  beforeEach(() => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  });

  afterEach(async () => {
    watch?.close();
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  });

  /** Both ends of a socket. */
  async function connect(): Promise<{ near: WebSocket; far: WebSocket }> {
    const near = new Promise<WebSocket>((resolve) => server.once('connection', resolve));
    await until('the server listens', () => server.address() !== null);
    const address = server.address();
    const far = new WebSocket(`ws://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
    await new Promise((resolve) => far.once('open', resolve));
    return { near: await near, far };
  }

  test('that does not read is sent no more than it may have waiting, and closed with a reason', async () => {
    watch = new SocketWatch({ pingEveryMs: 60_000, maxWaitingBytes: 100_000 });
    const { near, far } = await connect();
    watch.add(near);
    let received = 0;
    far.on('message', () => received++);
    const closed = new Promise<unknown[]>((resolve) => {
      far.once('close', (code, reason) => resolve([code, String(reason)]));
    });
    far.pause();
    const message = 'x'.repeat(50_000);
    let sent = 0;
    while (near.readyState === near.OPEN && sent < 10_000) {
      sent++;
      watch.send(near, message, () => undefined);
      // So that the system takes what it has room for.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(near.readyState).toBe(near.CLOSING);
    expect(near.bufferedAmount).toBeLessThan(100_000 + 2 * message.length);
    far.resume();
    expect(await closed).toEqual([
      1013,
      expect.stringMatching(/^Too slow: \d+ bytes wait to be read\. Connect again\.$/),
    ]);
    // The last was refused; all before it arrive.
    expect(received).toBe(sent - 1);
  });

  test('is told that a message is on its way, and also where it never will be', async () => {
    watch = new SocketWatch({ pingEveryMs: 60_000 });
    const { near, far } = await connect();
    await new Promise<void>((resolve) => watch.send(near, 'first', resolve));
    far.terminate();
    await until('the socket is closed', () => near.readyState === near.CLOSED);
    await new Promise<void>((resolve) => watch.send(near, 'second', resolve));
  });
});
