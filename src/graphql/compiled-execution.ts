import { type ApolloServerPlugin, HeaderMap } from '@apollo/server';
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql';
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit';
import type { RequestContext } from './context.js';

/** What is known of an operation: its function, or why there is none. */
type Compilation = CompiledQuery | 'asked once' | 'cannot be compiled';

/**
 * Runs queries that are asked again by a function compiled from their document, which gives the answers and errors that
 * graphql-js gives by walking it; only where several errors make one and the same null, all of them are told rather than the
 * first. Left to graphql-js are documents that come once, what cannot be compiled, and the schema
 * itself. Apollo masks no error of an answer that a plugin gives: `mask` does.
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

/** Kept for as long as their documents are. */
class CompiledOperations {
  readonly #compilations = new WeakMap<OperationDefinitionNode, Compilation>();

  constructor(private readonly schema: GraphQLSchema) {}

  find(document: DocumentNode, operation: OperationDefinitionNode): CompiledQuery | undefined {
    const known = this.#compilations.get(operation);
    if (known === undefined) {
      this.#compilations.set(operation, 'asked once');
      return undefined;
    }
    const compilation = known === 'asked once' ? this.#compile(document, operation) : known;
    return compilation === 'cannot be compiled' || compilation === 'asked once' ? undefined : compilation;
  }

  #compile(document: DocumentNode, operation: OperationDefinitionNode): Compilation {
    let compilation: Compilation = 'cannot be compiled';
    if (operation.operation === OperationTypeNode.QUERY && !asksForSchema(operation)) {
      const compiled = compileQuery(this.schema, document, operation.name?.value);
      if (isCompiledQuery(compiled)) compilation = compiled;
    }
    this.#compilations.set(operation, compilation);
    return compilation;
  }
}

const asksForSchema = ({ selectionSet }: OperationDefinitionNode): boolean =>
  selectionSet.selections.some(
    (field) => field.kind === Kind.FIELD && ['__schema', '__type'].includes(field.name.value),
  );
