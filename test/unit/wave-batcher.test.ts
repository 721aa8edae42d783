import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { WaveBatcher, type WaveOptions } from '../../src/graphql/waves/wave-batcher.js';
import { until } from '../support/until.js';

interface Sent {
  readonly questions: readonly string[];
  readonly signal: AbortSignal;
  answer(): void;
  fail(error: unknown): void;
}

/** A batcher of texts whose waves stay under way until the test answers them: `a` is answered with `A`. */
function batcher(options: Partial<WaveOptions<string, string>> = {}) {
  const sent: Sent[] = [];
  const waves = new WaveBatcher<string, string>({
    ask: (questions, signal) =>
      new Promise((resolve, reject) => {
        sent.push({
          questions,
          signal,
          answer: () => resolve(questions.map((question) => question.toUpperCase())),
          fail: reject,
        });
      }),
    mayDivide: () => true,
    maxWeight: 100,
    maxWaves: 2,
    gatherMs: 86_400_000,
    ...options,
  });
  return {
    sent,
    ask: (question: string, { shape = 'shape', weight = 1, signal }: AskOptions = {}) =>
      waves.ask({ shape, key: question, weight, question }, signal),
    /** The questions of each wave so far. */
    asked: () => sent.map(({ questions }) => questions.join('')),
  };
}

interface AskOptions {
  readonly shape?: string;
  readonly weight?: number;
  readonly signal?: AbortSignal;
}

const settled = (asked: readonly Promise<string>[]): Promise<unknown[]> =>
  Promise.all(asked.map((answer) => answer.catch((error: unknown) => error)));

describe('waves', () => {
  test('a question that finds nothing under way goes at once, with those of the same turn', async () => {
    const { ask, sent, asked } = batcher();
    const answers = [ask('a'), ask('b')];
    await turn();
    expect(asked()).toEqual(['ab']);
    sent[0]?.answer();
    expect(await Promise.all(answers)).toEqual(['A', 'B']);
  });

  test('what arrives while a wave is under way gathers, and goes together when it returns', async () => {
    const { ask, sent, asked } = batcher();
    const first = ask('a');
    await turn();
    const others = [ask('b'), ask('c')];
    await turn();
    expect(asked()).toEqual(['a']);
    sent[0]?.answer();
    expect(await first).toBe('A');
    await until('the second wave', () => sent.length === 2);
    sent[1]?.answer();
    expect(await Promise.all(others)).toEqual(['B', 'C']);
    expect(asked()).toEqual(['a', 'bc']);
  });

  test('what has gathered for a while does not wait for a slow wave, up to so many waves', async () => {
    const { ask, sent, asked } = batcher({ gatherMs: 1 });
    const answers = [ask('a')];
    await turn();
    answers.push(ask('b'));
    await until('the second wave', () => sent.length === 2);
    answers.push(ask('c'));
    sent[1]?.answer();
    await until('the third wave', () => sent.length === 3);
    expect(asked()).toEqual(['a', 'b', 'c']);
    sent[0]?.answer();
    sent[2]?.answer();
    expect(await Promise.all(answers)).toEqual(['A', 'B', 'C']);
  });

  test('equal questions that gather are one; one that has been sent is not joined', async () => {
    const { ask, sent, asked } = batcher();
    const answers = [ask('a'), ask('a')];
    await turn();
    answers.push(ask('a'), ask('a'));
    sent[0]?.answer();
    await until('the second wave', () => sent.length === 2);
    sent[1]?.answer();
    expect(await Promise.all(answers)).toEqual(['A', 'A', 'A', 'A']);
    expect(asked()).toEqual(['a', 'a']);
  });

  test('shapes do not mix, nor wait for each other', async () => {
    const { ask, sent, asked } = batcher();
    const answers = [ask('a'), ask('b', { shape: 'other' }), ask('c')];
    await turn();
    expect(asked()).toEqual(['ac', 'b']);
    for (const { answer } of sent) answer();
    expect(await Promise.all(answers)).toEqual(['A', 'B', 'C']);
  });

  test('a wave holds no more than its weight, and a heavier question goes alone', async () => {
    const { ask, sent, asked } = batcher({ maxWeight: 3, maxWaves: 1 });
    const answers = [ask('a', { weight: 2 }), ask('b', { weight: 2 }), ask('c'), ask('d', { weight: 9 }), ask('e')];
    for (let wave = 1; wave <= 4; wave++) {
      await until('the next wave', () => sent.length === wave);
      sent[wave - 1]?.answer();
    }
    expect(await Promise.all(answers)).toEqual(['A', 'B', 'C', 'D', 'E']);
    expect(asked()).toEqual(['a', 'bc', 'd', 'e']);
  });

  test('only the question that fails alone fails, and the halves of a wave are asked one after the other', async () => {
    const failure = new Error('too large');
    const asked: string[] = [];
    let running = 0;
    const { ask } = batcher({
      ask: async (questions) => {
        asked.push(questions.join(''));
        running++;
        expect(running).toBe(1);
        await turn();
        running--;
        if (questions.includes('c')) throw failure;
        return questions.map((question) => question.toUpperCase());
      },
    });
    const answers = ['a', 'b', 'c', 'd', 'e'].map((question) => ask(question));
    expect(await settled(answers)).toEqual(['A', 'B', failure, 'D', 'E']);
    expect(asked).toEqual(['abcde', 'abc', 'ab', 'c', 'de']);
  });

  test('a failure that would repeat itself is everybody’s', async () => {
    const { ask, sent, asked } = batcher({ mayDivide: () => false });
    const answers = [ask('a'), ask('b')];
    await turn();
    const failure = new Error('out of time');
    sent[0]?.fail(failure);
    expect(await settled(answers)).toEqual([failure, failure]);
    expect(asked()).toEqual(['ab']);
  });

  test('who leaves is let go at once, and the query is given up only when all have left', async () => {
    const { ask, sent } = batcher();
    const clients = ['a', 'b', 'b'].map((question) => ({ question, left: new AbortController() }));
    const answers = clients.map(({ question, left }) => ask(question, { signal: left.signal }));
    await turn();
    for (const [index, { left }] of clients.entries()) {
      expect(sent[0]?.signal.aborted).toBe(false);
      const reason = new Error(`client ${index} left`);
      left.abort(reason);
      await expect(answers[index]).rejects.toBe(reason);
    }
    expect(sent[0]?.signal.aborted).toBe(true);
  });

  test('those who stay are answered, and who left before the wave is not asked for', async () => {
    const { ask, sent, asked } = batcher();
    const answers = [ask('a')];
    await turn();
    const left = new AbortController();
    const leaving = ask('b', { signal: left.signal });
    answers.push(ask('c'), ask('a'));
    left.abort(new Error('left'));
    await expect(leaving).rejects.toThrow('left');
    sent[0]?.answer();
    await until('the second wave', () => sent.length === 2);
    sent[1]?.answer();
    expect(await Promise.all(answers)).toEqual(['A', 'C', 'A']);
    expect(asked()).toEqual(['a', 'ca']);
    await expect(ask('d', { signal: left.signal })).rejects.toThrow('left');
  });
});
