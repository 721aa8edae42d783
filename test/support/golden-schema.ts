import { readFile, writeFile } from 'node:fs/promises';
import type { Store } from '../../src/records/migration-phase.js';

const HEADER =
  '-- What the migrations of this folder make together; never run. Written anew by\n' +
  '-- UPDATE_GOLDEN=1 npm run --silent jest -- golden\n\n';

const fileOf = (store: Store): URL => new URL(`../../migrations/${store}/schema.sql`, import.meta.url);

export const writeGoldenSchema = (store: Store, dump: string): Promise<void> => writeFile(fileOf(store), HEADER + dump);

/** The dump of the schema that a store's migrations are to make. */
export const readGoldenSchema = async (store: Store): Promise<string> =>
  (await readFile(fileOf(store), 'utf8')).replace(HEADER, '');
