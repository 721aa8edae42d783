import type { WebSocket } from 'ws';

interface SocketWatchOptions {
  /** How often a socket is asked for a sign of life; one that has not answered until then is closed, milliseconds. */
  readonly pingEveryMs: number;
  /** A socket with more waiting to be read is closed rather than sent more, bytes. Default 1 MiB. */
  readonly maxWaitingBytes?: number;
}

const MAX_WAITING_BYTES = 1024 * 1024;
const TRY_AGAIN_LATER = 1013;
/** What a client may take to answer the closing of its socket before it is cut off, milliseconds. */
const CLOSE_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 1_000;

/** When a socket was last asked for a sign of life, by the monotonic clock, and whether it has given it. */
interface Pulse {
  askedAt: number;
  answered: boolean;
}

/**
 * Looks after open sockets: finds those whose client is gone or has stopped reading, and closes them with a reason. What
 * waits for a client is bounded, since nothing more is sent to it.
 */
export class SocketWatch {
  readonly #pulses = new Map<WebSocket, Pulse>();
  readonly #pingEveryMs: number;
  readonly #maxWaitingBytes: number;
  readonly #timer: NodeJS.Timeout;

  constructor({ pingEveryMs, maxWaitingBytes = MAX_WAITING_BYTES }: SocketWatchOptions) {
    this.#pingEveryMs = pingEveryMs;
    this.#maxWaitingBytes = maxWaitingBytes;
    this.#timer = setInterval(() => this.#look(), Math.min(LOOK_EVERY_MS, pingEveryMs));
  }

  add(socket: WebSocket): void {
    const pulse: Pulse = { askedAt: performance.now(), answered: true };
    this.#pulses.set(socket, pulse);
    socket.on('pong', () => {
      pulse.answered = true;
    });
    socket.once('close', () => this.#pulses.delete(socket));
  }

  /** Calls `sent` once the message is on its way. */
  send(socket: WebSocket, message: string, sent: () => void): void {
    if (socket.bufferedAmount > this.#maxWaitingBytes) {
      this.end(socket, TRY_AGAIN_LATER, `Too slow: ${socket.bufferedAmount} bytes wait to be read. Connect again.`);
    }
    if (socket.readyState === socket.OPEN) socket.send(message, sent);
    else sent();
  }

  /** Closes a socket with a code and words of at most 123 bytes, and cuts it off where the client does not answer. */
  end(socket: WebSocket, code: number, reason: string): void {
    if (socket.readyState !== socket.OPEN) return;
    this.#pulses.delete(socket);
    socket.close(code, reason);
    const impatient = setTimeout(() => socket.terminate(), CLOSE_WITHIN_MS);
    socket.once('close', () => clearTimeout(impatient));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Sockets are asked one after another as their time comes, not all at one moment. */
  #look(): void {
    const now = performance.now();
    for (const [socket, pulse] of this.#pulses) {
      if (now - pulse.askedAt < this.#pingEveryMs) continue;
      if (!pulse.answered) {
        const seconds = Math.round((now - pulse.askedAt) / 1000);
        this.end(socket, TRY_AGAIN_LATER, `Not reading: no answer to a ping for ${seconds} s. Connect again.`);
      } else if (socket.readyState === socket.OPEN) {
        pulse.askedAt = now;
        pulse.answered = false;
        socket.ping();
      }
    }
  }
}
