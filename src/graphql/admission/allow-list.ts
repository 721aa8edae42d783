import { existsSync, readFileSync } from 'node:fs';
import { messageOf, UserError } from '../../platform/errors.js';
import { hashOf } from './documents.js';

/**
 * The documents of the operator's manifest, and those of the dashboard's, which asks for nothing else: that is there where
 * the pages have been built. Throws UserError as {@link readAllowList}.
 */
export const allowedDocuments = (manifest: string, dashboards: string): ReadonlyMap<string, string> =>
  new Map([...(existsSync(dashboards) ? readAllowList(dashboards) : []), ...readAllowList(manifest)]);

/**
 * The documents of a persisted query manifest, by their SHA-256: Apollo's `{"operations": [{"id", "body"}]}`, or an object
 * of ids to documents, as Relay's compiler writes it. Throws UserError for a file that holds anything else, or an id that
 * is not the SHA-256 of its document.
 */
function readAllowList(path: string): ReadonlyMap<string, string> {
  const fail = (reason: string): never => {
    throw new UserError(
      `ALLOWED_DOCUMENTS_FILE: ${path} ${reason}. It must be a persisted query manifest: docs/limits.md shows one.`,
    );
  };
  const documents = new Map<string, string>();
  for (const [id, text] of entriesOf(parsed(path, fail))) {
    if (typeof id !== 'string' || typeof text !== 'string') return fail('has an entry without an id or a document');
    if (id !== hashOf(text)) return fail(`has the id ${id}, which is not the SHA-256 of its document`);
    documents.set(id, text);
  }
  return documents.size === 0 ? fail('holds no document') : documents;
}

function parsed(path: string, fail: (reason: string) => never): object {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof content === 'object' && content !== null ? content : fail('holds no object');
  } catch (error) {
    return error instanceof UserError ? fail('holds no object') : fail(`cannot be read: ${messageOf(error)}`);
  }
}

const entriesOf = (content: object): [id: unknown, text: unknown][] =>
  'operations' in content && Array.isArray(content.operations)
    ? content.operations.map((operation: { readonly id?: unknown; readonly body?: unknown } | null) => [
        operation?.id,
        operation?.body,
      ])
    : Object.entries(content);
