import { type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import {
  BREAK,
  type DocumentNode,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
  visit,
} from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import { DocumentCache } from './admission/document-cache.js';
import type { RequestContext } from './context.js';

/**
 * Runs queries that are asked again by a function compiled from their document, which gives the answers and errors that
 * graphql-js gives by walking it; only where several errors make one and the same null, all of them are told rather than the
 * first. Left to graphql-js are documents that come once, what cannot be compiled or would not be the same, what is large, and
 * the schema itself. Apollo masks no error of an answer that a plugin gives: `mask` does.
 */
export const compiledExecution = (
  schema: GraphQLSchema,
  mask: (errors: readonly unknown[]) => GraphQLFormattedError[],
): ApolloServerPlugin<RequestContext> => {
  const operations = new CompiledOperations(schema);
  return {
    requestDidStart: async () => ({
      responseForOperation: async ({ document, operation, request, contextValue }) => {
        const compiled = operations.find(document, operation);
        if (compiled === undefined) return null;
        const { data, errors } = await compiled.query(undefined, contextValue, request.variables ?? {});
        const singleResult = {
          ...(errors === undefined ? {} : { errors: mask(errors.map(asWalked)) }),
          data: data ?? null,
        };
        return { http: { headers: new HeaderMap() }, body: { kind: 'single', singleResult } };
      },
    }),
  };
};

/**
 * As graphql-js would have made it. What the compiler finds out by itself, such as a null where none may be, has no original
 * error and would be taken for a mistake in the document, which was checked before.
 */
const asWalked = ({ message, path, locations, originalError = new Error(message) }: GraphQLError): GraphQLError =>
  Object.assign(new GraphQLError(message, { originalError, ...(path === undefined ? {} : { path }) }), { locations });

/** Of a document with more fields, compiling would hold everybody up. */
const MAX_FIELDS = 300;
/** What is kept is bounded by its fields, each of which takes about a kilobyte. */
const KEPT_FIELDS = 20_000;

class CompiledOperations {
  readonly #asked = new WeakSet<OperationDefinitionNode>();
  readonly #walked = new WeakSet<OperationDefinitionNode>();
  readonly #compiled = new DocumentCache<OperationDefinitionNode, CompiledQuery>(KEPT_FIELDS);

  constructor(private readonly schema: GraphQLSchema) {}

  find(document: DocumentNode, operation: OperationDefinitionNode): CompiledQuery | undefined {
    const known = this.#compiled.get(operation);
    if (known !== undefined || this.#walked.has(operation)) return known;
    if (this.#asked.has(operation)) return this.#compile(document, operation);
    this.#asked.add(operation);
    return undefined;
  }

  #compile(document: DocumentNode, operation: OperationDefinitionNode): CompiledQuery | undefined {
    const fields = isToBeWalked(document, operation) ? Number.POSITIVE_INFINITY : spreadFields(document, operation);
    if (fields <= MAX_FIELDS) {
      const compiled = compileQuery(this.schema, document, operation.name?.value);
      if (isCompiledQuery(compiled)) {
        this.#compiled.set(operation, compiled, fields);
        return compiled;
      }
    }
    this.#walked.add(operation);
    return undefined;
  }
}

/**
 * What the compiler takes for something else than graphql-js does: fields that a directive leaves out are among a
 * resolver's field nodes, fragments that are spread twice have the conditions of the first, and a variable that may not be
 * null is missing although it has a default.
 */
function isToBeWalked(
  document: DocumentNode,
  { operation, variableDefinitions = [], selectionSet }: OperationDefinitionNode,
): boolean {
  let hasDirective = false;
  visit(document, {
    enter: ({ kind }) => {
      hasDirective = kind === Kind.DIRECTIVE;
      return hasDirective ? BREAK : undefined;
    },
  });
  return (
    hasDirective ||
    operation !== OperationTypeNode.QUERY ||
    variableDefinitions.some(
      ({ type, defaultValue }) => type.kind === Kind.NON_NULL_TYPE && defaultValue !== undefined,
    ) ||
    selectionSet.selections.some(
      (field) => field.kind === Kind.FIELD && ['__schema', '__type'].includes(field.name.value),
    )
  );
}

/** How many fields there are once every fragment is spread; no fragment spreads itself. */
function spreadFields({ definitions }: DocumentNode, operation: OperationDefinitionNode): number {
  const ofFragment = new Map<string, number>();
  const countOf = ({ selections }: SelectionSetNode): number =>
    selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) return sum + countOfFragment(selection.name.value);
      const own = selection.kind === Kind.FIELD ? 1 : 0;
      return sum + own + (selection.selectionSet === undefined ? 0 : countOf(selection.selectionSet));
    }, 0);
  const countOfFragment = (name: string): number => {
    const known = ofFragment.get(name);
    if (known !== undefined) return known;
    const fragment = definitions.find((each) => each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === name);
    const count = fragment?.kind === Kind.FRAGMENT_DEFINITION ? countOf(fragment.selectionSet) : 0;
    ofFragment.set(name, count);
    return count;
  };
  return countOf(operation.selectionSet);
}
