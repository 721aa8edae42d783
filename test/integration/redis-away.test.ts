import { expect, test } from '@jest/globals';
import { UpstreamError } from '../../src/platform/errors.js';
import { RedisDatabase } from '../../src/stores/redis/database.js';

test('a command that finds no Redis says where it was looked for and why it is not there', async () => {
  const redis = new RedisDatabase('redis://127.0.0.1:1', { applicationName: 'test' });
  const failure: unknown = await redis.command('XLEN', 'a stream').catch((error: unknown) => error);
  redis.close();
  expect(failure).toBeInstanceOf(UpstreamError);
  expect(failure).toMatchObject({ message: 'XLEN: no connection to 127.0.0.1:1, ECONNREFUSED' });
});
