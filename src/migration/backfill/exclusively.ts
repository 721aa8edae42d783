import { UserError } from '../../platform/errors.js';
import { dropBackfillTables } from '../../stores/clickhouse/backfill-table.js';
import { withBackfillLock } from '../../stores/postgres/backfill-lock.js';
import type { MoveServices } from '../move-services.js';

/** What copies history, while nothing else does. */
export interface ExclusiveCopy {
  /** Fails with a UserError once another backfill may be running. */
  assertAlone(): Promise<void>;
}

/**
 * Runs `use` while no other backfill or repair runs; resolves to null where one does. What those that were killed have
 * left behind is gone then. Fails with an UpstreamError.
 */
export function exclusively<T>(
  { postgres, clickhouse, logger }: MoveServices,
  use: (copy: ExclusiveCopy) => Promise<T>,
): Promise<T | null> {
  return withBackfillLock(postgres, async (lock) => {
    await dropBackfillTables(clickhouse);
    try {
      return await use({
        async assertAlone() {
          if (await lock.isHeld()) return;
          throw new UserError(
            'The connection to Postgres that kept other backfills away is gone. Nothing is lost; run it again.',
          );
        },
      });
    } finally {
      if (await lock.isHeld()) {
        await dropBackfillTables(clickhouse).catch((error: unknown) =>
          logger.warn({ error }, 'what the backfill put aside is left, the next one drops it'),
        );
      }
    }
  });
}
