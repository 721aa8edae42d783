import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';

const file = (name: string): string => fileURLToPath(new URL(`tls/${name}`, import.meta.url));
const CERTIFICATE = { cert: readFileSync(file('server.pem')), key: readFileSync(file('server.key')) };

/** Of the authority that has signed the certificate of every front; made for these tests, good for nothing else. */
export const TEST_CA_FILE = file('ca.pem');

/** A TLS server before a plain one. */
export interface TlsFront {
  /** The plain server's URL with the front's address, and another protocol where one is named. */
  readonly url: string;
  close(): void;
}

/** Speaks TLS from the first byte, or after Postgres' own question for it, and passes all on to the plain server. */
export async function startTlsFront(plainUrl: string, protocol?: 'https:' | 'rediss:'): Promise<TlsFront> {
  const behind = new URL(plainUrl);
  const sockets = new Set<Socket>();
  const secure = (socket: Socket): void => {
    const open = new TLSSocket(socket, { isServer: true, ...CERTIFICATE }).on('error', () => socket.destroy());
    const plain = connect(Number(behind.port), behind.hostname).on('error', () => socket.destroy());
    sockets.add(plain);
    open.pipe(plain).pipe(open);
  };
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    if (protocol !== undefined) secure(socket);
    // Postgres' client first asks, in one packet, whether TLS is spoken.
    else
      socket.once('data', () => {
        socket.pause();
        socket.write('S');
        secure(socket);
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = new URL(plainUrl.replace(behind.protocol, protocol ?? behind.protocol));
  url.port = String(port);
  return {
    url: url.href,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
