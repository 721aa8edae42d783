import type { ListPosition } from '../stores/analytics-store.js';
import { decodeCursor, encodeCursor } from './cursor.js';

/** A page of a list, as Relay has it. */
export interface Connection<Node> {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
  readonly nodes: readonly Node[];
  readonly pageInfo: PageInfo;
}

export interface PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
}

/** What a store is asked for: `limit` is one more than the page, to see whether another follows. */
export interface PageRequest {
  readonly first: number;
  readonly limit: number;
  readonly after?: ListPosition;
}

/** Throws BAD_USER_INPUT for a cursor that cannot be read. */
export const pageRequest = ({
  first,
  after,
}: {
  readonly first: number;
  readonly after?: string | null;
}): PageRequest => ({
  first,
  limit: first + 1,
  ...(typeof after === 'string' ? { after: decodeCursor(after) } : {}),
});

/** A page from the rows that a store gave for a {@link PageRequest}. */
export function connectionOf<Node>(
  rows: readonly Node[],
  { first, after }: PageRequest,
  position: (node: Node) => ListPosition,
): Connection<Node> {
  const nodes = rows.slice(0, first);
  const edges = nodes.map((node) => ({ cursor: encodeCursor(position(node)), node }));
  return {
    edges,
    nodes,
    pageInfo: {
      hasNextPage: rows.length > first,
      hasPreviousPage: after !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}
