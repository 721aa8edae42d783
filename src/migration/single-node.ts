import { UserError } from '../platform/errors.js';
import type { MoveServices } from './move-services.js';

/**
 * Fails with a UserError on a cluster. History becomes part of the attempts by whole partitions, which no view counts and
 * which belong to one server.
 */
export function assertSingleNode({ clickhouse }: MoveServices): void {
  if (clickhouse.cluster === null) return;
  throw new UserError(
    `History is not copied into a cluster (CLICKHOUSE_CLUSTER is ${clickhouse.cluster}). Finish the move to a single ` +
      'ClickHouse first, then go from there to the cluster: docs/scaling.md. Nothing was changed.',
  );
}
