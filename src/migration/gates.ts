import { UpstreamError } from '../platform/errors.js';
import type { MigrationPhase, Store } from '../records/migration-phase.js';
import { STREAMS } from '../records/names.js';
import { DAY_MS } from '../records/time-range.js';
import { BackfillStore, type BackfillTable } from '../stores/postgres/backfill-store.js';
import { type PhaseRow, PhaseStore } from '../stores/postgres/phase-store.js';
import { lastVerification, type Verification } from '../stores/postgres/verification-store.js';
import { caughtUp, groupEnded } from './catch-up.js';
import type { MoveServices } from './move-services.js';
import type { Gate } from './phase-steps.js';
import { assertSchemaCurrent } from './schema-status.js';

const GRACE_DAYS = 7;
const VERIFICATION_DAYS = 1;

interface Situation extends PhaseRow {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** How long groups that lag are waited for, milliseconds. */
  readonly waitMs: number;
}

/** What has to hold before the step from the present phase to another is taken. Fails with an UpstreamError. */
export async function gatesOf(services: MoveServices, situation: Situation, to: MigrationPhase): Promise<Gate[]> {
  switch (to) {
    case 'postgres':
      return [];
    case 'dual_write':
      return situation.phase === 'cutover'
        ? [await caughtUpGate(services, 'postgres', situation)]
        : [await ready(services), await noGroupLeft(services, situation)];
    case 'cutover':
      return [...(await copiedAndVerified(services, situation)), await caughtUpGate(services, 'clickhouse', situation)];
    case 'complete':
      return [
        grace(situation),
        ...((await wasForced(services, situation)) ? await copiedAndVerified(services, situation) : []),
        await caughtUpGate(services, 'clickhouse', situation),
      ];
  }
}

async function ready({ clickhouse }: MoveServices): Promise<Gate> {
  const name = 'ClickHouse answers and its schema is up to date';
  try {
    await assertSchemaCurrent({ clickhouse });
    return { name, holds: true, detail: 'yes' };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const remedy = error instanceof UpstreamError ? ' Check CLICKHOUSE_URL and that the server runs.' : '';
    return { name, holds: false, detail: `${error.message}${remedy}` };
  }
}

/**
 * A group of an earlier dual_write has come further than a new one begins: what Postgres has not finished yet would never
 * be read for ClickHouse. Workers end it when they follow the phase postgres.
 */
async function noGroupLeft(services: MoveServices, { waitMs }: Situation): Promise<Gate> {
  const holds = await groupEnded(services, 'clickhouse', waitMs);
  return {
    name: 'no group clickhouse is left from before',
    holds,
    detail: holds ? 'none' : 'it is still there. See that a worker runs: it ends the group while the phase is postgres',
  };
}

/** Whether reads went to ClickHouse although something was missing. */
async function wasForced({ postgres }: MoveServices, { phase }: Situation): Promise<boolean> {
  const steps = await new PhaseStore(postgres).history();
  return steps.filter(({ to }) => to === phase).at(-1)?.forced === true;
}

async function copiedAndVerified({ postgres }: MoveServices, situation: Situation): Promise<Gate[]> {
  const tables = await new BackfillStore(postgres).tables();
  const verification = await lastVerification(postgres);
  return [backfillGate(tables), verificationGate(tables, verification, situation)];
}

function backfillGate(tables: readonly BackfillTable[]): Gate {
  const name = 'the history is in ClickHouse';
  const open = STREAMS.filter(
    (stream) => !tables.some(({ table, finishedAt }) => table === stream && finishedAt !== null),
  );
  if (open.length === 0) return { name, holds: true, detail: tables.map(progressOf).join('; ') };
  const how = tables.length === 0 ? 'no backfill has begun' : `not finished: ${open.join(', ')}`;
  return { name, holds: false, detail: `${how}. Run: ethhook-analytics backfill` };
}

const progressOf = ({ table, rowsDone, rowsRejected }: BackfillTable): string =>
  `${table} ${rowsDone} rows${rowsRejected === 0 ? '' : `, ${rowsRejected} not to be moved (backfill --rejected)`}`;

function verificationGate(
  tables: readonly BackfillTable[],
  verification: Verification | null,
  { now }: Situation,
): Gate {
  const name = 'verify found no difference';
  const again = 'Run: ethhook-analytics verify';
  if (verification === null) return { name, holds: false, detail: `it has never compared everything. ${again}` };
  const { beganAt, differences } = verification;
  const when = new Date(beganAt).toISOString();
  if (differences > 0) {
    return {
      name,
      holds: false,
      detail: `${differences} differences at ${when}. Run: ethhook-analytics verify --repair`,
    };
  }
  if (tables.some(({ finishedAt }) => finishedAt !== null && finishedAt > beganAt)) {
    return { name, holds: false, detail: `the backfill ended after it began at ${when}. ${again}` };
  }
  if (beganAt < now - VERIFICATION_DAYS * DAY_MS) {
    return { name, holds: false, detail: `it is older than ${VERIFICATION_DAYS * 24} hours (${when}). ${again}` };
  }
  return { name, holds: true, detail: `none at ${when}` };
}

async function caughtUpGate(services: MoveServices, store: Store, { waitMs }: Situation): Promise<Gate> {
  const name = `${store} has all that is on the streams`;
  const holds = await caughtUp(services, [store], waitMs);
  const seconds = Math.round(waitMs / 1000);
  return {
    name,
    holds,
    detail: holds
      ? 'yes'
      : `its group lags${seconds > 0 ? `, also after ${seconds} s` : ''}. See that a worker runs and that ${store} takes its writes`,
  };
}

function grace({ since, now }: Situation): Gate {
  const until = since + GRACE_DAYS * DAY_MS;
  return {
    name: `${GRACE_DAYS} days of grace since cutover`,
    holds: now >= until,
    detail: now >= until ? 'over' : `they end at ${new Date(until).toISOString()}`,
  };
}
