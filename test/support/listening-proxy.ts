import { connect, createServer, type Socket } from 'node:net';

/** A server of one's own before a real one: passes everything on, and remembers what was sent to it. */
export async function listeningProxy(url: string) {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let heard = '';
  const proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (bytes) => {
      heard += bytes.toString('latin1');
    });
    client.pipe(server).pipe(client);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = typeof address === 'object' && address !== null ? String(address.port) : '';
  return {
    url: through.href,
    /** What was sent since the last call, every byte a character. */
    take(): string {
      const taken = heard;
      heard = '';
      return taken;
    },
    close(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => proxy.close(() => resolve()));
    },
  };
}
