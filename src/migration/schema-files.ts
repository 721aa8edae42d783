import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Store } from '../records/migration-phase.js';
import type { SchemaMigration } from '../records/schema-migration.js';

const MIGRATION_FILE = /^(\d{4})_([a-z0-9_]+?)(\.concurrently)?\.sql$/;
/** What all files together make, and what they are on a cluster. Both are compared by tests and never run. */
const GOLDEN_FILES = ['schema.sql', 'cluster.sql'];

/** The migrations of one database in their order, from the package's `migrations` folder. */
export async function readSchemaMigrations(store: Store): Promise<SchemaMigration[]> {
  const folder = join(packageRoot(), 'migrations', store);
  const files = (await readdir(folder)).filter((file) => !GOLDEN_FILES.includes(file)).sort();
  return Promise.all(
    files.map(async (file, index) => {
      const [, digits, name, concurrently] = MIGRATION_FILE.exec(file) ?? [];
      const number = Number(digits);
      if (name === undefined || number !== index + 1) {
        throw new Error(`${join(folder, file)}: expected number ${index + 1}, as in 0001_name.sql`);
      }
      const sql = await readFile(join(folder, file), 'utf8');
      return { number, name, sql, concurrently: concurrently !== undefined };
    }),
  );
}

/** The nearest folder above that holds package.json: one level up from `src`, two from `dist/src`. */
function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package.json above ${import.meta.dirname}`);
    folder = parent;
  }
  return folder;
}
