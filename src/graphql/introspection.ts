import { Kind, parse } from 'graphql';

/** Whether a document asks for nothing but the schema itself, which is public: the playground reads it before a token is there. */
export function isIntrospection(query: unknown): boolean {
  if (typeof query !== 'string') return false;
  try {
    const operations = parse(query).definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
    return (
      operations.length > 0 &&
      operations.every(
        ({ operation, selectionSet }) =>
          operation === 'query' &&
          selectionSet.selections.every(
            (selection) => selection.kind === Kind.FIELD && selection.name.value.startsWith('__'),
          ),
      )
    );
  } catch {
    return false;
  }
}
