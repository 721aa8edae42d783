import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UserError } from '../platform/errors.js';

/** A compiled file by its path below `dist`, also where we run from the sources, as tests do. */
export function compiledFile(path: string): string {
  const candidates = [new URL(`../../${path}`, import.meta.url), new URL(`../../dist/${path}`, import.meta.url)];
  const found = candidates.map((url) => fileURLToPath(url)).find((file) => existsSync(file));
  if (found === undefined) {
    throw new UserError(`The compiled file dist/${path} is missing: it is started as a process. Run: npm run build`);
  }
  return found;
}
