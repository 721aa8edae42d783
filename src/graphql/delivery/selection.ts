import type { GraphQLResolveInfo } from 'graphql';
import { parseResolveInfo, type ResolveTree } from 'graphql-parse-resolve-info';

/** The names of the fields that the document asks of the object being resolved, whatever their aliases. */
export function selectedFields(info: GraphQLResolveInfo): ReadonlySet<string> {
  const tree = parseResolveInfo(info);
  if (!isResolveTree(tree)) return new Set();
  const fields = Object.values(tree.fieldsByTypeName).flatMap((byAlias) => Object.values(byAlias));
  return new Set(fields.map(({ name }) => name));
}

const isResolveTree = (tree: ReturnType<typeof parseResolveInfo>): tree is ResolveTree =>
  tree !== null && tree !== undefined && 'fieldsByTypeName' in tree;
