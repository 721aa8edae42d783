import { createConnection, type Socket } from 'node:net';
import { connect as createTlsConnection } from 'node:tls';
import { AbstractConnector, type StandaloneConnectionOptions } from 'ioredis';

/** What sees the bytes of a connection before the client does. */
export interface ReplyTap {
  /** A connection is made, the first or another one; all that is seen from now on comes over it. */
  connected(socket: Socket): void;
  /** A command is sent next. */
  sending(name: string): void;
  /** Takes what is its own and passes on the rest. False pauses the socket, until its `resume`. */
  data(bytes: Buffer, pass: (bytes: Buffer) => void): boolean;
}

/** What a socket is read into. */
const CHUNK_BYTES = 128 * 1024;

/** How the client connects so that a tap sees what comes. */
export function connectorThrough(tap: ReplyTap) {
  return class extends AbstractConnector {
    readonly #options: StandaloneConnectionOptions;

    /** The client gives all of its options, which may name another server each time that it connects. */
    constructor(given: unknown) {
      const options = given as StandaloneConnectionOptions;
      super(options.disconnectTimeout ?? 0);
      this.#options = options;
    }

    override async connect(): Promise<Socket> {
      const { host = '127.0.0.1', port = 6379, family, tls } = this.#options;
      // A socket that is read in this way emits no data by itself.
      const onread = {
        buffer: Buffer.allocUnsafeSlow(CHUNK_BYTES),
        callback: (length: number, buffer: Uint8Array): boolean => {
          try {
            return tap.data(Buffer.from(buffer.buffer, buffer.byteOffset, length), (bytes) =>
              socket.emit('data', bytes),
            );
          } catch (error) {
            socket.destroy(error instanceof Error ? error : new Error(String(error)));
            return false;
          }
        },
      };
      const where = { host, port, onread, ...(family === undefined ? {} : { family }) };
      const socket = tls === undefined ? createConnection(where) : createTlsConnection({ ...where, ...tls });
      this.connecting = true;
      this.stream = socket;
      socket.once('error', (error) => {
        this.firstError = error;
      });
      tap.connected(socket);
      return socket;
    }
  };
}
