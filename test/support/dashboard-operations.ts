import { readdirSync, readFileSync } from 'node:fs';
import { codegen } from '@graphql-codegen/core';
import * as typescriptOperations from '@graphql-codegen/typescript-operations';
import {
  buildSchema,
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  OperationTypeNode,
  parse,
  print,
  stripIgnoredCharacters,
  visit,
} from 'graphql';

const SCHEMA = new URL('../../schema.graphql', import.meta.url);
const DOCUMENTS = new URL('../../dashboard/api/operations/', import.meta.url);
const HEADER = `// Made of schema.graphql and of the documents in operations/, never edited. Written anew by
// UPDATE_GOLDEN=1 npm run --silent jest -- dashboard-operations
`;
const SUFFIXES = {
  [OperationTypeNode.QUERY]: 'Query',
  [OperationTypeNode.MUTATION]: 'Mutation',
  [OperationTypeNode.SUBSCRIPTION]: 'Subscription',
};

/** The module of the dashboard's operations: their texts, typed by the schema. Fails where they do not fit it. */
export async function generateOperations(): Promise<string> {
  const schema = readFileSync(SCHEMA, 'utf8');
  const files = readdirSync(DOCUMENTS).sort();
  const documents = files.map((name) => ({
    location: name,
    document: parse(readFileSync(new URL(name, DOCUMENTS), 'utf8'), { noLocation: true }),
  }));
  const types = await codegen({
    filename: 'operations.ts',
    schema: parse(schema),
    schemaAst: buildSchema(schema),
    documents,
    config: {
      scalars: { DateTime: 'string', SafeInt: 'number', ID: 'string' },
      strictScalars: true,
      immutableTypes: true,
      skipTypename: true,
      inlineFragmentTypes: 'combine',
      enumType: 'string-literal',
    },
    plugins: [{ types: {} }],
    pluginMap: { types: typescriptOperations },
  });
  return `${HEADER}import type { Operation } from './operation.js';\n\n${types}\n\n${texts(documents.map(({ document }) => document))}`;
}

/** One constant an operation, which carries the fragments that it needs. */
function texts(documents: readonly DocumentNode[]): string {
  const definitions = documents.flatMap((document) => document.definitions);
  const fragments = new Map(
    definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition]] : [],
    ),
  );
  const constants = definitions.flatMap((definition) => {
    if (definition.kind !== Kind.OPERATION_DEFINITION || definition.name === undefined) return [];
    const name = definition.name.value;
    const needed = fragmentsOf({ kind: Kind.DOCUMENT, definitions: [definition] }, fragments);
    const text = stripIgnoredCharacters([definition, ...needed].map(print).join('\n'));
    const type = `${name}${SUFFIXES[definition.operation]}`;
    return [`export const ${name}: Operation<${type}, ${type}Variables> = {\n  text: '${text}',\n};\n`];
  });
  return constants.join('\n');
}

function fragmentsOf(
  document: DocumentNode,
  all: ReadonlyMap<string, FragmentDefinitionNode>,
  found = new Set<FragmentDefinitionNode>(),
): ReadonlySet<FragmentDefinitionNode> {
  visit(document, {
    enter: (node) => {
      const fragment = node.kind === Kind.FRAGMENT_SPREAD ? all.get(node.name.value) : undefined;
      if (fragment === undefined || found.has(fragment)) return;
      found.add(fragment);
      fragmentsOf({ kind: Kind.DOCUMENT, definitions: [fragment] }, all, found);
    },
  });
  return found;
}
