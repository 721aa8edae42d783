import { UserError } from '../../platform/errors.js';
import { holdPhase, type PhaseRow, PhaseStore } from '../../stores/postgres/phase-store.js';
import type { MoveServices } from '../move-services.js';

/** Fails with a UserError where ClickHouse is what is read: nothing tells then which store is right. */
export async function assertRepairable(services: MoveServices): Promise<PhaseRow> {
  const row = await new PhaseStore(services.postgres).read();
  if (row.phase === 'dual_write') return row;
  throw new UserError(
    `A repair makes ClickHouse what Postgres is, and in the phase ${row.phase} it is not Postgres that is read. ` +
      'Return to dual_write first with: ethhook-analytics rollback',
  );
}

/** Keeps the phase from changing while rows are looked at and mended: a step waits. Fails as {@link assertRepairable} does. */
export function whileRepairable<T>(services: MoveServices, mend: () => Promise<T>): Promise<T> {
  return services.postgres.transaction('hold_repairable', async (connection) => {
    const row = await assertRepairable(services);
    if (!(await holdPhase(connection, row))) {
      throw new UserError('The phase has changed at this very moment. Nothing was mended of these rows; repair again.');
    }
    return mend();
  });
}
