import { once } from 'node:events';
import { createServer, connect as open, type Server, type Socket } from 'node:net';
import { pipeline, Transform } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** What becomes of the bytes that a connection carries. */
type Fault =
  | { readonly kind: 'none' }
  /** New connections are refused, and those that are open are reset. */
  | { readonly kind: 'refuse' }
  /** Bytes are taken and go nowhere, in both directions; nobody is told. Connections stay so for ever. */
  | { readonly kind: 'black hole' }
  /** Everything takes so much longer. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** A connection is reset once it has carried so many bytes to the server. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** A connection is reset in the middle of what the server says, once it has carried so many bytes to the client. */
  | { readonly kind: 'cut'; readonly afterBytes: number };

/** What has become of one connection. */
interface Way {
  spoilt: boolean;
  /** Bytes to the server. */
  carried: number;
  /** Bytes to the client. */
  returned: number;
  readonly end: () => void;
}

/** A port that leads to another one, until it is told to be a bad network. */
export class TcpProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #fault: Fault = { kind: 'none' };
  /** Connections that were reset or swallowed. */
  spoilt = 0;

  private constructor(private readonly target: { readonly host: string; readonly port: number }) {
    this.#server = createServer({ noDelay: true }, (client) => this.#connect(client));
  }

  /** Leads to where the URL does; `url` is the way through. */
  static async to(url: string): Promise<TcpProxy> {
    const { hostname, port } = new URL(url);
    const proxy = new TcpProxy({ host: hostname, port: Number(port) });
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** The same URL through this proxy. */
  through(url: string): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    const changed = new URL(url);
    changed.hostname = '127.0.0.1';
    changed.port = String(address.port);
    return changed.href;
  }

  /** From now on, for open connections too; those that a fault has spoilt stay so. */
  set(fault: Fault): void {
    this.#fault = fault;
    if (fault.kind === 'refuse') this.resetAll();
  }

  resetAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.#server.close();
    this.resetAll();
    await once(this.#server, 'close');
  }

  #connect(client: Socket): void {
    this.#keep(client);
    if (this.#fault.kind === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const server = open({ ...this.target, noDelay: true });
    this.#keep(server);
    const way = {
      spoilt: false,
      carried: 0,
      returned: 0,
      end: () => [client, server].map((socket) => socket.resetAndDestroy()),
    };
    pipeline(client, this.#wire(way, true), server, () => client.destroy());
    pipeline(server, this.#wire(way, false), client, () => server.destroy());
  }

  #wire(way: Way, toServer: boolean): Transform {
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        const fault = this.#fault;
        if (toServer) way.carried += chunk.length;
        else way.returned += chunk.length;
        if (fault.kind === 'black hole' && !way.spoilt) {
          way.spoilt = true;
          this.spoilt += 1;
        }
        if (way.spoilt) return done();
        if (fault.kind === 'reset' && toServer && way.carried > fault.afterBytes) {
          this.spoilt += 1;
          way.end();
          return done();
        }
        if (fault.kind === 'cut' && !toServer && way.returned > fault.afterBytes) {
          this.spoilt += 1;
          way.end();
          return done();
        }
        if (fault.kind === 'delay') return void delay(fault.ms).then(() => done(null, chunk));
        done(null, chunk);
      },
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
