import { expect, test } from '@jest/globals';
import { RedisDatabase } from '../../src/stores/redis/database.js';

test.each(['ethhook worker', 'worker\t', ' '])(
  'a connection to Redis is refused the name "%s", which Redis would not take',
  (applicationName) => {
    expect(() => new RedisDatabase('redis://127.0.0.1:1', { applicationName })).toThrow('white space');
  },
);
