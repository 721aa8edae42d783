import { execFile } from 'node:child_process';
import { expect, test } from '@jest/globals';

const MODULE = (name: string): string => new URL(`../../dist/src/platform/${name}.js`, import.meta.url).href;
const PROGRAM = `
  import { logCrash } from '${MODULE('lifecycle')}';
  import { createLogger } from '${MODULE('logger')}';
  logCrash(createLogger('test', 'info'));
  Promise.reject(Object.assign(new Error('nobody caught this'), { args: ['a password'] }));
`;

test('an error that nobody caught ends the process with a line of the log that has nothing that hung on the error', async () => {
  const { code, errors } = await new Promise<{ code: unknown; errors: string }>((resolve) => {
    execFile(process.execPath, ['--input-type=module', '--eval', PROGRAM], (error, _output, errors) =>
      resolve({ code: error?.code, errors }),
    );
  });
  expect(code).toBe(1);
  expect(JSON.parse(errors)).toMatchObject({ level: 'fatal', error: { message: 'nobody caught this' } });
  expect(errors).not.toContain('a password');
});
