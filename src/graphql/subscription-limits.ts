import { rateLimited } from './errors.js';

interface SubscriptionLimitOptions {
  /** Of one user, over all sockets and event streams of this process. */
  readonly maxPerUser: number;
  /** Over one socket. */
  readonly maxPerSocket: number;
}

/** Counts the subscriptions that this process serves, by user and by the connection they came in over. */
export class SubscriptionLimits {
  readonly #byUser = new Map<string, number>();
  readonly #bySocket = new WeakMap<object, number>();

  constructor(private readonly options: SubscriptionLimitOptions) {}

  /** Of all users, now. */
  get count(): number {
    return [...this.#byUser.values()].reduce((sum, ofUser) => sum + ofUser, 0);
  }

  /** Counts one more until what is returned is called. Throws RATE_LIMITED where there are as many as there may be. */
  start(userId: string, socket: object): () => void {
    const { maxPerUser, maxPerSocket } = this.options;
    const [ofUser, ofSocket] = [this.#byUser.get(userId) ?? 0, this.#bySocket.get(socket) ?? 0];
    if (ofSocket >= maxPerSocket) {
      throw rateLimited(
        `This socket has ${ofSocket} subscriptions, which is the most: end one, or open another socket.`,
      );
    }
    if (ofUser >= maxPerUser) {
      throw rateLimited(`You have ${ofUser} subscriptions, which is the most: end one before you start another.`);
    }
    this.#byUser.set(userId, ofUser + 1);
    this.#bySocket.set(socket, ofSocket + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#bySocket.set(socket, (this.#bySocket.get(socket) ?? 1) - 1);
      const left = (this.#byUser.get(userId) ?? 1) - 1;
      if (left === 0) this.#byUser.delete(userId);
      else this.#byUser.set(userId, left);
    };
  }
}
