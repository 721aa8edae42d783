import { type Context, currentTrace, onBehalfOf } from '../../platform/tracing.js';

/** What one asker wants of a wave: the questions of one shape differ in nothing but what a wave can hold side by side. */
export interface WaveQuestion<Question> {
  /** What is equal here is asked in one wave. */
  readonly shape: string;
  /** What is equal here within a shape is one question, answered to all who ask it. */
  readonly key: string;
  /** How much of a wave it takes up. */
  readonly weight: number;
  readonly question: Question;
}

export interface WaveOptions<Question, Answer> {
  /** One answer a question, in their order. The signal aborts once every asker has left. */
  readonly ask: (questions: readonly Question[], signal: AbortSignal) => Promise<readonly Answer[]>;
  /** Whether the questions of a failed wave may be asked again, in halves one after the other: each fails by itself then. */
  readonly mayDivide: (error: unknown) => boolean;
  /** The sum of weights that a wave holds at most; a heavier question goes alone. */
  readonly maxWeight: number;
  /** Waves of one shape under way at most. */
  readonly maxWaves: number;
  /** How long questions gather while another wave of their shape is under way, milliseconds. */
  readonly gatherMs: number;
}

interface Asker<Answer> {
  readonly trace: Context;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** One question and who waits for its answer. */
interface Member<Question, Answer> {
  readonly question: WaveQuestion<Question>;
  readonly askers: Set<Asker<Answer>>;
  /** Called when the last asker has left. */
  onLeft: () => void;
}

/** The questions of one shape: those that gather, by their keys in the order of arrival, and how many waves are under way. */
interface Shape<Question, Answer> {
  readonly gathering: Map<string, Member<Question, Answer>>;
  waves: number;
  timer: NodeJS.Timeout | undefined;
  isDeparting: boolean;
}

/**
 * Merges questions that arrive close together into one. Of each shape:
 *
 * - nothing under way: what arrives departs in the same turn of the event loop, so that an idle gateway adds no delay;
 * - a wave under way: what arrives gathers, and departs when a wave returns or after `gatherMs`, whichever is first;
 * - `maxWaves` under way: what arrives waits for one of them to return.
 *
 * A question joins an equal one only while that gathers: what has been sent may have read the store before the newer asker
 * came, who is owed what has been committed until then.
 */
export class WaveBatcher<Question, Answer> {
  readonly #shapes = new Map<string, Shape<Question, Answer>>();

  constructor(private readonly options: WaveOptions<Question, Answer>) {}

  /** Fails with the failure of this question alone, or with the signal's reason as soon as it aborts. */
  ask(question: WaveQuestion<Question>, signal?: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      const shape = this.#shapeOf(question.shape);
      const member = memberOf(shape, question);
      const onAbort = (): void => {
        member.askers.delete(asker);
        if (member.askers.size === 0) member.onLeft();
        reject(signal?.reason);
      };
      const asker: Asker<Answer> = {
        trace: currentTrace(),
        resolve(answer) {
          signal?.removeEventListener('abort', onAbort);
          resolve(answer);
        },
        reject(error) {
          signal?.removeEventListener('abort', onAbort);
          reject(error);
        },
      };
      member.askers.add(asker);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#schedule(question.shape, shape);
    });
  }

  #shapeOf(name: string): Shape<Question, Answer> {
    let shape = this.#shapes.get(name);
    if (shape === undefined) {
      shape = { gathering: new Map(), waves: 0, timer: undefined, isDeparting: false };
      this.#shapes.set(name, shape);
    }
    return shape;
  }

  #schedule(name: string, shape: Shape<Question, Answer>): void {
    if (shape.gathering.size === 0) {
      if (shape.waves === 0) this.#shapes.delete(name);
    } else if (shape.waves === 0) {
      if (shape.isDeparting) return;
      shape.isDeparting = true;
      setImmediate(() => {
        shape.isDeparting = false;
        this.#depart(name, shape);
      });
    } else if (shape.waves < this.options.maxWaves) {
      shape.timer ??= setTimeout(() => this.#depart(name, shape), this.options.gatherMs);
    }
  }

  #depart(name: string, shape: Shape<Question, Answer>): void {
    clearTimeout(shape.timer);
    shape.timer = undefined;
    const members = takeWave(shape.gathering, this.options.maxWeight);
    if (members.length > 0) {
      shape.waves++;
      void this.#send(members).then(() => {
        shape.waves--;
        this.#depart(name, shape);
      });
    }
    this.#schedule(name, shape);
  }

  /** Answers every asker who stays. Never fails. */
  async #send(members: readonly Member<Question, Answer>[]): Promise<void> {
    const staying = members.filter(({ askers }) => askers.size > 0);
    if (staying.length === 0) return;
    const everyoneLeft = new AbortController();
    for (const member of staying) {
      member.onLeft = () => {
        if (staying.every(({ askers }) => askers.size === 0)) everyoneLeft.abort();
      };
    }
    try {
      const questions = staying.map(({ question }) => question.question);
      const traces = staying.flatMap(({ askers }) => Array.from(askers, ({ trace }) => trace));
      const answers = await onBehalfOf(traces, () => this.options.ask(questions, everyoneLeft.signal));
      if (answers.length !== questions.length) throw new Error('a wave came back with another number of answers');
      for (const [place, answer] of answers.entries()) {
        for (const asker of staying[place]?.askers ?? []) asker.resolve(answer);
      }
    } catch (error) {
      if (staying.length > 1 && this.options.mayDivide(error)) {
        const middle = Math.ceil(staying.length / 2);
        await this.#send(staying.slice(0, middle));
        await this.#send(staying.slice(middle));
      } else {
        for (const asker of staying.flatMap(({ askers }) => [...askers])) asker.reject(error);
      }
    }
  }
}

/** The member that asks this, among those that gather; new where there is none. */
function memberOf<Question, Answer>(
  { gathering }: Shape<Question, Answer>,
  question: WaveQuestion<Question>,
): Member<Question, Answer> {
  const known = gathering.get(question.key);
  if (known !== undefined) return known;
  const member = { question, askers: new Set<Asker<Answer>>(), onLeft: () => gathering.delete(question.key) };
  gathering.set(question.key, member);
  return member;
}

/** The longest waiting first. */
function takeWave<Question, Answer>(
  gathering: Map<string, Member<Question, Answer>>,
  maxWeight: number,
): Member<Question, Answer>[] {
  const taken: Member<Question, Answer>[] = [];
  let weight = 0;
  for (const [key, member] of gathering) {
    weight += member.question.weight;
    if (taken.length > 0 && weight > maxWeight) break;
    taken.push(member);
    gathering.delete(key);
  }
  return taken;
}
