import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

/** One client on a connection of its own: it asks again as soon as it is answered. */
export interface LoadClient {
  /** The next request, whole, as it goes over the wire. */
  request(): string;
}

export interface LoadTarget {
  readonly host: string;
  readonly port: number;
  /** Text that no right answer has in it, such as `"errors"`. */
  readonly errorMark: string;
}

/** What came of one round of load. */
export interface LoadRound {
  readonly seconds: number;
  /** Of every request that was begun in the round, milliseconds. */
  readonly latencies: readonly number[];
  /** Requests that were answered within the round. */
  readonly answered: number;
  readonly errors: number;
  /** The share of the round in which this process was busy: near 1 the clients are what is measured. */
  readonly busy: number;
}

/**
 * Asks with all clients at once for so many seconds. Speaks HTTP/1.1 on plain sockets and looks no deeper into an answer than
 * needed to find its end and its errors, since it shares the machine with what it measures.
 */
export async function load(target: LoadTarget, clients: readonly LoadClient[], seconds: number): Promise<LoadRound> {
  const connections = await Promise.all(clients.map(() => open(target)));
  const before = performance.eventLoopUtilization();
  const round = new Round(target, performance.now() + seconds * 1_000);
  try {
    await Promise.all(clients.map((client, index) => round.run(client, connections[index])));
    const { utilization } = performance.eventLoopUtilization(before);
    const { latencies, answered, errors } = round;
    return { seconds, latencies, answered, errors, busy: utilization };
  } finally {
    for (const connection of connections) connection.destroy();
  }
}

function open({ host, port }: LoadTarget): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

class Round {
  readonly latencies: number[] = [];
  answered = 0;
  errors = 0;
  readonly #errorMark: Buffer;

  constructor(
    { errorMark }: LoadTarget,
    private readonly endsAt: number,
  ) {
    this.#errorMark = Buffer.from(errorMark);
  }

  /** Resolves when the round is over and the last answer has come. A connection that ends early is an error. */
  run(client: LoadClient, socket: Socket | undefined): Promise<void> {
    if (socket === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      let answer = new Answer();
      let begun = 0;
      let isOver = false;
      const ask = (): void => {
        begun = performance.now();
        if (begun < this.endsAt) {
          socket.write(client.request());
        } else {
          isOver = true;
          resolve();
        }
      };
      socket.on('data', (chunk) => {
        answer.push(chunk);
        if (!answer.isWhole) return;
        const ended = performance.now();
        this.latencies.push(ended - begun);
        if (ended < this.endsAt) this.answered++;
        if (!answer.isOk || answer.has(this.#errorMark)) this.errors++;
        answer = new Answer();
        ask();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        if (!isOver) this.errors++;
        resolve();
      });
      ask();
    });
  }
}

const END_OF_HEAD = '\r\n\r\n';
const END_OF_CHUNKS = Buffer.from('0\r\n\r\n');

/** An answer as it comes in. Its body is JSON, which has no raw line break that could be taken for the end of the chunks. */
export class Answer {
  #chunks: Buffer[] = [];
  #received = 0;
  /** Bytes of head and body; infinite where it comes in chunks, undefined before the head is there. */
  #expected: number | undefined;
  isOk = false;

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    if (this.#expected === undefined) this.#readHead();
  }

  get isWhole(): boolean {
    if (this.#expected === undefined) return false;
    if (this.#expected !== Number.POSITIVE_INFINITY) return this.#received >= this.#expected;
    const last = this.#chunks.at(-1);
    if (last !== undefined && last.length < END_OF_CHUNKS.length) this.#chunks = [Buffer.concat(this.#chunks)];
    const tail = this.#chunks.at(-1)?.subarray(-END_OF_CHUNKS.length);
    return tail?.equals(END_OF_CHUNKS) ?? false;
  }

  has(mark: Buffer): boolean {
    return (this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks))?.includes(mark) ?? false;
  }

  #readHead(): void {
    const whole = Buffer.concat(this.#chunks);
    this.#chunks = [whole];
    const end = whole.indexOf(END_OF_HEAD);
    if (end < 0) return;
    const head = whole.toString('latin1', 0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    this.isOk = head.startsWith('HTTP/1.1 200');
    this.#expected = length === undefined ? Number.POSITIVE_INFINITY : end + END_OF_HEAD.length + Number(length);
  }
}
