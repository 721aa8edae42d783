import { readdirSync, readFileSync } from 'node:fs';
import { Kind, type OperationDefinitionNode, OperationTypeNode, parse } from 'graphql';

const ROOT = new URL('../../', import.meta.url);

/** An operation that a page shows, with the variables that it shows below it. */
export interface DocumentedExample {
  readonly page: string;
  readonly query: string;
  readonly variables: Record<string, unknown>;
  readonly isSubscription: boolean;
}

/** Every GraphQL operation of the README and of docs/: blocks of code, and the `query` of requests with curl. */
export function documentedExamples(): DocumentedExample[] {
  const pages = ['README.md', ...readdirSync(new URL('docs', ROOT)).map((name) => `docs/${name}`)];
  return pages
    .filter((page) => page.endsWith('.md'))
    .flatMap((page) => {
      const text = readFileSync(new URL(page, ROOT), 'utf8');
      return [...blocksOf(text), ...requestsOf(text)].map((example) => ({ page, ...example }));
    });
}

function blocksOf(text: string): Omit<DocumentedExample, 'page'>[] {
  const blocks = [...text.matchAll(/```graphql\n(.*?)```(?:\s*```json\n(.*?)```)?/gs)];
  return blocks.map(([, query = '', json]) => {
    const { operation, variableDefinitions = [] } = operationOf(query);
    // The block below may as well be an answer.
    const variables: Record<string, unknown> =
      variableDefinitions.length > 0 && json !== undefined ? JSON.parse(json) : {};
    return { query, variables, isSubscription: operation === OperationTypeNode.SUBSCRIPTION };
  });
}

function requestsOf(text: string): Omit<DocumentedExample, 'page'>[] {
  return [...text.matchAll(/-d '(\{"query":.*?\})'/g)].map(([, body = '']) => {
    const { query, variables = {} }: { query: string; variables?: Record<string, unknown> } = JSON.parse(body);
    return { query, variables, isSubscription: operationOf(query).operation === OperationTypeNode.SUBSCRIPTION };
  });
}

function operationOf(query: string): OperationDefinitionNode {
  const operation = parse(query).definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (operation === undefined) throw new Error(`no operation in: ${query}`);
  return operation;
}
