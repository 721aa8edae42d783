import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLFormattedError,
} from 'graphql';
import { CoalescingQueue } from './coalescing-queue.js';

/** A result as it is sent: its errors masked, and all of it as JSON. */
export interface Answer {
  readonly errors: readonly GraphQLFormattedError[] | undefined;
  readonly json: string;
}

type ToAnswer = (result: ExecutionResult) => Answer;

/** The result of one question about one event: made once, told to all who ask for it. */
class SharedResult {
  #answer: Answer | undefined;
  readonly #waiting: ((answer: Answer) => void)[] = [];

  constructor(result: ExecutionResult | Promise<ExecutionResult>, toAnswer: ToAnswer) {
    void Promise.resolve(result)
      .then(toAnswer)
      .catch((error) => toAnswer(failed(error)))
      .then((answer) => {
        this.#answer = answer;
        for (const told of this.#waiting.splice(0)) told(answer);
      });
  }

  whenReady(told: (answer: Answer) => void): void {
    if (this.#answer === undefined) this.#waiting.push(told);
    else told(this.#answer);
  }
}

/** By event, by document, then by operation and variables. Kept as long as the event is. */
const results = new WeakMap<object, Map<DocumentNode, Map<string, SharedResult>>>();

/**
 * Results of a subscription. They are not iterated over but delivered to one reader: `next` waits for the end alone, so
 * that whoever iterates, as graphql-ws does, learns when it is over.
 */
export class SharedResults implements AsyncIterableIterator<never, undefined> {
  readonly #over: Promise<void>;
  #end: () => void = () => undefined;

  constructor(
    private readonly events: CoalescingQueue<unknown, object>,
    private readonly resultOf: (event: object) => SharedResult,
  ) {
    this.#over = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Gives each answer, the next one once `ready` was called: what comes in between is coalesced. */
  deliver(take: (answer: Answer, ready: () => void) => void): void {
    this.events.deliver(
      (event, ready) => this.resultOf(event).whenReady((answer) => take(answer, ready)),
      () => this.#end(),
    );
  }

  async next(): Promise<IteratorReturnResult<undefined>> {
    await this.#over;
    return { value: undefined, done: true };
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#end();
    await this.events.return();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/**
 * Subscribes as graphql-js does, but executes and serialises once for each event rather than once for each subscriber:
 * those who are given the same event object and ask the same of it get the same text. An event belongs to one source of
 * one user, so that no result crosses users; its fields must follow from it alone, as those of an hour do.
 */
export async function subscribeShared(
  args: ExecutionArgs,
  toAnswer: ToAnswer,
): Promise<SharedResults | ExecutionResult> {
  // It throws where every field is left out by a directive.
  const events = await createSourceEventStream(args).catch(failed);
  if (!(Symbol.asyncIterator in events)) return events;
  if (!(events instanceof CoalescingQueue)) throw new Error('a subscription whose events are not in a queue');
  const question = JSON.stringify([args.operationName, args.variableValues]);
  return new SharedResults(events, (event) => {
    const byDocument = results.get(event) ?? new Map<DocumentNode, Map<string, SharedResult>>();
    results.set(event, byDocument);
    const byQuestion = byDocument.get(args.document) ?? new Map<string, SharedResult>();
    byDocument.set(args.document, byQuestion);
    const result = byQuestion.get(question) ?? new SharedResult(execute({ ...args, rootValue: event }), toAnswer);
    byQuestion.set(question, result);
    return result;
  });
}

const failed = (error: unknown): ExecutionResult => ({
  errors: [new GraphQLError('', { originalError: asError(error) })],
});

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
