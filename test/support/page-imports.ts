import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file of the dashboard, and the project's files that it imports. */
export interface PageModule {
  readonly source: string;
  readonly imports: readonly string[];
}

/** The formatter has every import of a project's file look like this. */
const IMPORT = /(?:from |import |import\()'(\.[^'?*]+)'/g;

/** The scripts of the dashboard. dependency-cruiser reads no JSX, so their imports are read here. */
export const pageModules = (): PageModule[] =>
  readdirSync('dashboard', { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => join('dashboard', path))
    .map((source) => ({ source, imports: importsOf(source) }));

function importsOf(source: string): string[] {
  const found = readFileSync(source, 'utf8').matchAll(IMPORT);
  return [...found].map(([, path = '']) => {
    const written = join(dirname(source), path);
    const candidates = [written, written.replace(/\.js$/, '.ts'), written.replace(/\.js$/, '.tsx')];
    return candidates.find((candidate) => existsSync(candidate)) ?? written;
  });
}
