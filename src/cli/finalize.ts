import type { Command } from 'commander';
import { assertDroppable, type DropReport, dropHistory } from '../migration/drop-history.js';
import { refusalText, type StepReport, takeStep } from '../migration/move-phase.js';
import { messageOf, UserError } from '../platform/errors.js';
import { whoRuns, withMoveServices } from './move-session.js';
import { FORCE_OPTION, JSON_OPTION, REASON_OPTION, type StepOptions, stepText } from './phase.js';
import { DATA_DIR_OPTION } from './stack.js';

interface FinalizeOptions extends StepOptions {
  readonly dropPostgresTables?: true;
  readonly backup?: string;
}

/** `finalize`: the end of the move. */
export function registerFinalize(program: Command): void {
  program
    .command('finalize')
    .description('complete the move: Postgres is no longer written, and there is no way back')
    .option('--drop-postgres-tables', 'drop events and delivery_attempts in Postgres; needs --backup')
    .option('--backup <file>', 'where to dump them first; the dump is restored and compared before the drop')
    .option(...REASON_OPTION)
    .option(...FORCE_OPTION)
    .option(...DATA_DIR_OPTION)
    .option(...JSON_OPTION)
    .action(finalize);
}

async function finalize({ dropPostgresTables, backup, ...options }: FinalizeOptions): Promise<void> {
  if ((dropPostgresTables === true) !== (backup !== undefined)) {
    throw new UserError('--drop-postgres-tables and --backup <file> belong together: give both or neither.', 2);
  }
  const { dataDir, reason = '', force, json } = options;
  const stopped = 'Stopped. See where it stands with: ethhook-analytics phase';
  const { step, drop } = await withMoveServices({ command: 'finalize', dataDir, stopped }, async (services, config) => {
    const now = Date.now();
    const dropping = backup === undefined ? null : { backup, postgresUrl: config.POSTGRES_URL, now };
    if (dropping !== null) await assertDroppable(services, dropping);
    const wanted = { from: 'cutover', to: 'complete', takenBy: whoRuns(), reason, force: force === true, now } as const;
    const taken = await takeStep(services, wanted);
    const isDropped = dropping !== null && taken.outcome !== 'refused';
    const drop = isDropped ? await dropHistory(services, dropping).catch(asAfterStep(taken)) : null;
    return { step: taken, drop };
  });
  if (json === true) console.log(JSON.stringify({ ...step, drop }));
  if (step.outcome === 'refused') throw new UserError(refusalText(step));
  if (json !== true) console.log([stepText(step), ...(drop === null ? [] : [dropText(drop)])].join('\n'));
}

/** What has been done already is said with what failed. */
const asAfterStep =
  ({ outcome }: StepReport) =>
  (error: unknown): never => {
    const step = outcome === 'taken' ? 'The step to complete has been taken' : 'The move was complete before';
    throw new UserError(`${step}, but the tables were not dropped.\n${messageOf(error)}`);
  };

const dropText = ({ backup, bytes, tables }: DropReport): string =>
  `${tables.map(({ table, rows }) => `${table} (${rows} rows)`).join(' and ')} were dropped in Postgres. They are in ` +
  `${backup} (${bytes} bytes), which was restored and compared. Restore it with: psql -f ${backup}`;
