import { expect, test } from '@jest/globals';
import { buildSchema, type DocumentNode, parse } from 'graphql';
import { CoalescingQueue } from '../../src/graphql/live/coalescing-queue.js';
import { type Answer, SharedResults, subscribeShared } from '../../src/graphql/live/shared-results.js';

const answerOf = (result: object): Answer => ({ errors: undefined, json: JSON.stringify(result) });
const schema = buildSchema('type Query { a: Int } type Count { n: Int } type Subscription { count: Count }');

/** Subscribes to a queue of its own; what it is told is in `told`. */
async function subscribe(document: DocumentNode, variableValues: Record<string, unknown>, counted: { times: number }) {
  const queue = new CoalescingQueue<number, object>(() => undefined);
  const rootValue = { count: () => queue };
  const told: string[] = [];
  const results = await subscribeShared({ schema, document, rootValue, variableValues }, (result) => {
    counted.times++;
    return answerOf(result);
  });
  if (!(results instanceof SharedResults)) throw new Error('expected results');
  results.deliver(({ json }, ready) => {
    told.push(json);
    ready();
  });
  return { queue, told, results };
}

test('an event that several are told of is executed and serialised once for each question', async () => {
  const counted = { times: 0 };
  const document = parse('subscription ($if: Boolean = true) { count { always: n n @include(if: $if) } }');
  const other = parse('subscription { again: count { n } }');
  const subscribers = [
    await subscribe(document, {}, counted),
    await subscribe(document, {}, counted),
    await subscribe(document, { if: false }, counted),
    await subscribe(other, {}, counted),
  ];
  for (const n of [1, 2]) {
    const event = { count: { n } };
    for (const { queue } of subscribers) queue.push(n, event);
  }
  await settled();
  expect(subscribers.map(({ told }) => told)).toEqual([
    ['{"data":{"count":{"always":1,"n":1}}}', '{"data":{"count":{"always":2,"n":2}}}'],
    ['{"data":{"count":{"always":1,"n":1}}}', '{"data":{"count":{"always":2,"n":2}}}'],
    ['{"data":{"count":{"always":1}}}', '{"data":{"count":{"always":2}}}'],
    ['{"data":{"again":{"n":1}}}', '{"data":{"again":{"n":2}}}'],
  ]);
  expect(counted.times).toBe(6);
});

test('a result that cannot be serialised is told as an error', async () => {
  const queue = new CoalescingQueue<number, object>(() => undefined);
  const document = parse('subscription { count { n } }');
  const results = await subscribeShared({ schema, document, rootValue: { count: () => queue } }, (result) => {
    if (result.data) throw new Error('no text for this');
    return answerOf(result);
  });
  if (!(results instanceof SharedResults)) throw new Error('expected results');
  const told: string[] = [];
  results.deliver(({ json }) => told.push(json));
  queue.push(1, { count: { n: 1 } });
  await settled();
  expect(told).toEqual(['{"errors":[{"message":""}]}']);
});

test('whoever iterates over the results learns of the end alone', async () => {
  const { queue, results } = await subscribe(parse('subscription { count { n } }'), {}, { times: 0 });
  queue.push(1, { count: { n: 1 } });
  await settled();
  await queue.return();
  expect(await results.next()).toEqual({ value: undefined, done: true });
});

test('a subscription that asks for nothing is answered with an error', async () => {
  const document = parse('subscription ($if: Boolean!) { count @include(if: $if) { n } }');
  const results = await subscribeShared({ schema, document, variableValues: { if: false } }, answerOf);
  expect(results).toEqual({ errors: [expect.objectContaining({ originalError: expect.any(Error) })] });
});

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
