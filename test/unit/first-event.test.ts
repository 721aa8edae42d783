import { EventEmitter } from 'node:events';
import { expect, test } from '@jest/globals';
import { firstEvent } from '../../src/platform/first-event.js';

test('the first of several events is waited for, and no listener is left behind', async () => {
  const emitter = new EventEmitter();
  const first = firstEvent(emitter, 'ready', 'close', 'end');
  expect(emitter.eventNames()).toEqual(['ready', 'close', 'end']);
  emitter.emit('close');
  await first;
  expect(emitter.eventNames()).toEqual([]);
});
