import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { badUserInput, forbidden, queryTooComplex } from '../errors.js';
import type { Limits } from '../limits.js';

/** A document's parts, by what they are. */
export interface DocumentShape {
  readonly operations: readonly OperationDefinitionNode[];
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Whether nothing is asked for but the schema itself. */
  readonly isIntrospection: boolean;
}

/** The fields of the schema's own types that lead from one of them to many others. */
const SCHEMA_LISTS = new Set(['fields', 'inputFields', 'interfaces', 'possibleTypes']);
/** So many of them inside each other at most: what the usual introspection query asks is one. */
const MAX_SCHEMA_LISTS = 2;

/**
 * Counts what a document asks for, every fragment counted wherever it is spread, and throws QUERY_TOO_COMPLEX where that
 * is more than the limits allow, BAD_USER_INPUT where a fragment spreads itself, FORBIDDEN where introspection is switched
 * off. Knows no types, so that it can run before validation, which costs more than this.
 */
export function checkShape(document: DocumentNode, limits: Limits): DocumentShape {
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const fragments = new Map(
    document.definitions
      .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
      .map((definition) => [definition.name.value, definition]),
  );
  for (const operation of operations) new Walk(fragments, limits).ofOperation(operation);
  return { operations, fragments, isIntrospection: isIntrospection(operations) };
}

const isMeta = (field: FieldNode): boolean => field.name.value.startsWith('__');
const isSchemaField = ({ name: { value } }: FieldNode): boolean => value === '__schema' || value === '__type';

const isIntrospection = (operations: readonly OperationDefinitionNode[]): boolean =>
  operations.length > 0 &&
  operations.every(
    ({ operation, selectionSet }) =>
      operation === 'query' &&
      selectionSet.selections.every((selection) => selection.kind === Kind.FIELD && isMeta(selection)),
  );

/** Where in an operation a selection set stands. */
interface Place {
  /** Fields above it. */
  readonly depth: number;
  /** Fragments it is spread by. */
  readonly within: readonly string[];
  /** Schema lists above it; undefined outside of introspection. */
  readonly schemaLists: number | undefined;
}

/** One operation's counts. */
class Walk {
  #fields = 0;
  #rootFields = 0;
  #aliases = 0;
  #directives = 0;

  constructor(
    private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    private readonly limits: Limits,
  ) {}

  ofOperation({ selectionSet, directives = [] }: OperationDefinitionNode): void {
    this.#countDirectives(directives.length);
    this.#selections([selectionSet], { depth: 0, within: [], schemaLists: undefined });
  }

  /** The fields of selection sets of one object, wherever they are written. */
  #selections(sets: readonly SelectionSetNode[], place: Place): void {
    const times = new Map<string, number>();
    for (const { field, within } of this.#fieldsOf(sets, place.within, new Set())) {
      this.#field(field, place);
      const name = field.name.value;
      const repeated = (times.get(name) ?? 0) + 1;
      times.set(name, repeated);
      this.#checkRepeated(name, repeated, place);
      if (place.depth === 0) this.#countRootField();
      if (field.selectionSet !== undefined) {
        this.#selections([field.selectionSet], { ...below(field, place), within });
      }
    }
  }

  /** Fragments are spread; each at most once in one place, as the executor does it. */
  *#fieldsOf(
    sets: readonly SelectionSetNode[],
    within: readonly string[],
    spread: Set<string>,
  ): Generator<{ field: FieldNode; within: readonly string[] }> {
    for (const selection of sets.flatMap(({ selections }) => selections)) {
      this.#countDirectives(selection.directives?.length ?? 0);
      if (selection.kind === Kind.FIELD) {
        yield { field: selection, within };
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        yield* this.#fieldsOf([selection.selectionSet], within, spread);
      } else {
        const name = selection.name.value;
        const fragment = this.fragments.get(name);
        if (within.includes(name)) {
          throw badUserInput(`Cannot spread fragment "${name}" within itself: ask for each level that is wanted.`);
        }
        if (fragment === undefined || spread.has(name)) continue;
        spread.add(name);
        yield* this.#fieldsOf([fragment.selectionSet], [...within, name], spread);
      }
    }
  }

  #field(field: FieldNode, { depth }: Place): void {
    const { maxDocumentFields, maxDocumentDepth, maxAliases, introspection } = this.limits;
    this.#fields += 1;
    if (this.#fields > maxDocumentFields) {
      throw queryTooComplex(
        `The document asks for more than ${maxDocumentFields} fields once its fragments are spread: ask for fewer.`,
      );
    }
    if (depth + 1 > maxDocumentDepth) {
      throw queryTooComplex(`The document is deeper than ${maxDocumentDepth} fields: ask for less depth.`);
    }
    if (field.alias !== undefined) this.#aliases += 1;
    if (this.#aliases > maxAliases) {
      throw queryTooComplex(`The document has more than ${maxAliases} aliases: ask in several requests.`);
    }
    if (!introspection && isSchemaField(field)) {
      throw forbidden('Introspection is switched off here: schema.graphql in the repository is the schema.');
    }
  }

  #checkRepeated(name: string, times: number, { schemaLists }: Place): void {
    // The schema's lists are the same however often they are asked for, and are not paged.
    const isSchema = schemaLists !== undefined || name === '__schema' || name === '__type';
    const most = isSchema ? 1 : this.limits.maxAliasesPerField;
    if (times > most) {
      throw queryTooComplex(`${name} is asked for more than ${most} times in one place: ask in several requests.`);
    }
  }

  #countRootField(): void {
    const { maxRootFields } = this.limits;
    this.#rootFields += 1;
    if (this.#rootFields > maxRootFields) {
      throw queryTooComplex(`The document has more than ${maxRootFields} root fields: ask in several requests.`);
    }
  }

  #countDirectives(count: number): void {
    this.#directives += count;
    if (this.#directives > this.limits.maxDirectives) {
      throw queryTooComplex(`The document has more than ${this.limits.maxDirectives} directives: leave some out.`);
    }
  }
}

/** The place of a field's own fields. */
function below(field: FieldNode, { depth, within, schemaLists }: Place): Place {
  const inSchema = schemaLists ?? (isSchemaField(field) ? 0 : undefined);
  const lists = inSchema === undefined ? undefined : inSchema + (SCHEMA_LISTS.has(field.name.value) ? 1 : 0);
  if (lists !== undefined && lists > MAX_SCHEMA_LISTS) {
    throw queryTooComplex('The document leads from type to type of the schema too often: ask for less depth.');
  }
  return { depth: depth + 1, within, schemaLists: lists };
}
