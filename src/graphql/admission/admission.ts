import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  type OperationDefinitionNode,
} from 'graphql';
import { messageOf, UserError } from '../../platform/errors.js';
import { badUserInput, forbidden, persistedQueryNotFound, Refused } from '../errors.js';
import type { Limits } from '../limits.js';
import { checkCost } from './cost.js';
import { type CheckedDocument, Documents, hashOf } from './documents.js';

/** What a client sends for one operation, whichever way it comes in: not yet checked. */
export interface OperationRequest {
  readonly query?: unknown;
  readonly operationName?: unknown;
  readonly variables?: unknown;
  /** Apollo's protocol of persisted queries: `{persistedQuery: {version: 1, sha256Hash}}`. */
  readonly extensions?: unknown;
}

/** An operation that may run. */
export interface Operation {
  readonly document: DocumentNode;
  readonly definition: OperationDefinitionNode;
  /** The document as it was sent, also where only its hash was. */
  readonly query: string;
  readonly operationName: string | undefined;
  /** Its name where only documents of an allow-list run, so that there are no more names than in there. */
  readonly knownName: string | undefined;
  /** As sent: executors coerce them again. */
  readonly variables: Record<string, unknown>;
  /** Whether nothing is asked for but the schema itself, which is public unless it is switched off. */
  readonly isIntrospection: boolean;
  readonly cost: number;
}

const NOT_ALLOWED = 'Only documents of an allow-list run here, and this is none of them, to the letter.';
const MAX_VARIABLE_ERRORS = 10;
const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Decides what may run, for HTTP, sockets and every other way in alike, before anything runs and without asking any
 * store.
 */
export class Admission {
  readonly #documents: Documents;

  /** By the SHA-256 of their texts; undefined where any document may run. */
  readonly #allowed: ReadonlyMap<string, CheckedDocument> | undefined;

  /** With `allowed`, texts by their SHA-256, no other document runs. Throws UserError where one of them could not. */
  constructor(
    private readonly schema: GraphQLSchema,
    private readonly limits: Limits,
    allowed?: ReadonlyMap<string, string>,
  ) {
    this.#documents = new Documents(schema, limits);
    this.#allowed = allowed && new Map([...allowed].map(([hash, text]) => [hash, this.#checkedAtStart(text)]));
  }

  /** `now` is the request's only reading of the clock. Throws {@link Refused}. */
  admit(request: OperationRequest, now: number): Operation {
    return refusing(() => {
      const document = this.#documentOf(request, (text) => this.#documents.check(text));
      return this.#operationOf(document, request, now);
    });
  }

  /**
   * What anybody may ask: nothing but the schema itself. Undefined for all else, which is looked at no further than that.
   * Throws {@link Refused}.
   */
  admitIntrospection(request: OperationRequest, now: number): Operation | undefined {
    return refusing(() => {
      const document = this.#documentOf(request, (text) => this.#documents.checkIntrospection(text));
      return document?.isIntrospection === true ? this.#operationOf(document, request, now) : undefined;
    });
  }

  /** A document that has been admitted lately, by the SHA-256 of its text. */
  documentOf(hash: string): DocumentNode | undefined {
    return this.#kept(hash)?.document;
  }

  /** The operations of the allow-list; none where any document may run. */
  get allowedOperations(): readonly OperationDefinitionNode[] {
    return [...(this.#allowed?.values() ?? [])].flatMap(({ operations }) => operations);
  }

  #kept(hash: string): CheckedDocument | undefined {
    return this.#allowed === undefined ? this.#documents.kept(hash) : this.#allowed.get(hash);
  }

  #checkedAtStart(text: string): CheckedDocument {
    try {
      return this.#documents.check(text);
    } catch (error) {
      throw new UserError(
        `An allowed document cannot run: ${messageOf(error)} Mend it, take it out of ALLOWED_DOCUMENTS_FILE, or raise the limit that it breaks:\n${text}`,
      );
    }
  }

  #operationOf(checked: CheckedDocument, { operationName, variables }: OperationRequest, now: number): Operation {
    if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') {
      throw badUserInput('operationName: must be a text.');
    }
    if (variables !== undefined && variables !== null && !isObject(variables)) {
      throw badUserInput('variables: must be an object.');
    }
    const definition = getOperationAST(checked.document, operationName);
    if (definition === null || definition === undefined) {
      throw badUserInput(
        typeof operationName === 'string'
          ? 'operationName: the document has no such operation.'
          : 'The document must have one operation, or operationName must name one of them.',
      );
    }
    const { coerced, errors } = getVariableValues(this.schema, definition.variableDefinitions ?? [], variables ?? {}, {
      maxErrors: MAX_VARIABLE_ERRORS,
    });
    if (errors !== undefined) throw new Refused(errors);
    const { fragments, isIntrospection } = checked;
    const { schema, limits } = this;
    return {
      document: checked.document,
      definition,
      query: checked.text,
      operationName: operationName ?? undefined,
      knownName: this.#allowed && definition.name?.value,
      variables: variables ?? {},
      isIntrospection,
      cost: checkCost(definition, { schema, fragments, variables: coerced, limits, now }),
    };
  }

  #documentOf<Checked>(
    { query, extensions }: OperationRequest,
    check: (text: string) => Checked,
  ): CheckedDocument | Checked {
    const text = typeof query === 'string' && query !== '' ? query : undefined;
    const hash = persistedHash(extensions);
    if (text === undefined && hash === undefined) {
      throw badUserInput('query: the document to run is missing: send {"query": "…"}.');
    }
    if (text === undefined) {
      const kept = hash === undefined ? undefined : this.#kept(hash);
      if (kept !== undefined) return kept;
      throw this.#allowed === undefined ? persistedQueryNotFound() : forbidden(NOT_ALLOWED);
    }
    if (hash !== undefined && hash !== hashOf(text)) {
      throw badUserInput('extensions.persistedQuery: sha256Hash is not the hash of the query.');
    }
    if (this.#allowed === undefined) return check(text);
    const allowed = this.#allowed.get(hashOf(text));
    if (allowed === undefined) throw forbidden(NOT_ALLOWED);
    return allowed;
  }
}

/** What graphql-js throws is a refusal too. */
function refusing<Result>(admit: () => Result): Result {
  try {
    return admit();
  } catch (error) {
    throw error instanceof GraphQLError ? new Refused([error]) : error;
  }
}

/** The hash that a persisted query is asked for by, or is to be kept under. */
function persistedHash(extensions: unknown): string | undefined {
  const persisted = isObject(extensions) ? extensions['persistedQuery'] : undefined;
  if (persisted === undefined || persisted === null) return undefined;
  const hash = isObject(persisted) && persisted['version'] === 1 ? persisted['sha256Hash'] : undefined;
  if (typeof hash === 'string' && SHA256.test(hash)) return hash;
  throw badUserInput('extensions.persistedQuery: must be {version: 1, sha256Hash: 64 hexadecimal digits}.');
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
