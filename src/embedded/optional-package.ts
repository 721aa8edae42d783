import { createRequire } from 'node:module';
import { UserError } from '../platform/errors.js';

const require = createRequire(import.meta.url);

/** Where a file of an optional package is. `through` names the package that depends on it, where that is not ours. */
export function optionalFile(engine: string, file: string, through?: string): string {
  try {
    const from = through === undefined ? require : createRequire(require.resolve(through));
    return from.resolve(file);
  } catch (error) {
    throw missing(engine, error);
  }
}

/** An optional package, loaded now. */
export async function optionalPackage<Package>(engine: string, load: () => Promise<Package>): Promise<Package> {
  try {
    return await load();
  } catch (error) {
    throw missing(engine, error);
  }
}

const missing = (engine: string, error: unknown): UserError =>
  new UserError(
    `The embedded ${engine} cannot be loaded on ${process.platform}-${process.arch}: ${firstLine(error)}\n` +
      'It comes with optional packages, which a production install leaves out. Run: npm install --include=optional',
  );

const firstLine = (error: unknown): string => String(error).split('\n')[0] ?? '';
