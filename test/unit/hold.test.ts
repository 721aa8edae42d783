import { expect, test } from '@jest/globals';
import { Hold } from '../../ingest-worker/hold.js';
import { UpstreamError } from '../../src/platform/errors.js';

const refusal = (message: string): UpstreamError =>
  new UpstreamError('clickhouse', message, { cause: null, kind: 'refused', code: '395' });

test('an insert that is refused stays an alarm while the manifest of the next batch is written', () => {
  const hold = new Hold();
  hold.refused('insert', refusal('a view throws'));
  const raised = hold.held;
  hold.done('write the manifest');
  expect(hold.held).toEqual(raised);
  hold.refused('insert', refusal('a view throws still'));
  expect(hold.held).toEqual({ ...raised, message: 'a view throws still' });
  hold.done('insert');
  expect(hold.held).toBeNull();
});
