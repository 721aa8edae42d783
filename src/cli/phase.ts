import type { Command } from 'commander';
import { gatesOf } from '../migration/gates.js';
import { refusalText, type StepReport, takeStep } from '../migration/move-phase.js';
import { checklist, type Gate, PHASE_STEPS } from '../migration/phase-steps.js';
import { type MigrationStatus, readMigrationStatus, type SinkStatus } from '../migration/status.js';
import { UserError } from '../platform/errors.js';
import { MIGRATION_PHASES, type MigrationPhase, PHASE_MEANING } from '../records/migration-phase.js';
import type { BackfillTable } from '../stores/postgres/backfill-store.js';
import { PhaseStore, type TakenStep } from '../stores/postgres/phase-store.js';
import { whoRuns, withMoveServices } from './move-session.js';
import { DATA_DIR_OPTION } from './stack.js';

export interface StepOptions {
  readonly dataDir: string;
  readonly reason?: string;
  readonly force?: true;
  readonly json?: true;
}

export const REASON_OPTION = ['--reason <text>', 'why, for the history'] as const;
export const FORCE_OPTION = ['--force', 'take the step although something is missing'] as const;
export const JSON_OPTION = ['--json', 'print machine-readable results'] as const;

/** `phase`: where the move stands, and the step to another phase. */
export function registerPhase(program: Command): void {
  program
    .command('phase')
    .description('show where the move to ClickHouse stands, or move one step')
    .argument('[name]', `the phase to move to: ${MIGRATION_PHASES.join(', ')}`, phaseNamed)
    .option(...REASON_OPTION)
    .option(...FORCE_OPTION)
    .option(...DATA_DIR_OPTION)
    .option(...JSON_OPTION)
    .action((name: MigrationPhase | undefined, options: StepOptions) =>
      name === undefined ? show(options) : runStep('phase', { to: name }, options),
    );
}

/** Takes a step and says what became of it. Fails with a UserError where something is missing. */
export async function runStep(
  command: string,
  step: { readonly from?: MigrationPhase; readonly to: MigrationPhase },
  { dataDir, reason, force, json }: StepOptions,
): Promise<void> {
  const report = await withMoveServices({ command, dataDir, stopped: STOPPED }, (services) =>
    takeStep(services, { ...step, takenBy: whoRuns(), reason: reason ?? '', force: force === true, now: Date.now() }),
  );
  if (json === true) console.log(JSON.stringify(report));
  if (report.outcome === 'refused') throw new UserError(refusalText(report));
  if (json !== true) console.log(stepText(report));
}

const STOPPED = 'Stopped. The phase is as it was.';

export function stepText({ from, to, outcome, gates }: StepReport): string {
  if (outcome === 'nothing') return `The phase is ${to} already.`;
  const { writesTo, readsFrom } = PHASE_MEANING[to];
  const lines = gates.length === 0 ? '' : `\n${checklist(gates)}`;
  return (
    `The phase was ${from} and is ${to}. Every process follows within 5 s: ` +
    `writes go to ${writesTo.join(' and ')}, reads to ${readsFrom}.${lines}`
  );
}

function phaseNamed(text: string): MigrationPhase {
  const phase = MIGRATION_PHASES.find((known) => known === text);
  if (phase === undefined) {
    throw new UserError(`There is no phase "${text}". There are: ${MIGRATION_PHASES.join(', ')}.`, 2);
  }
  return phase;
}

interface Standing {
  readonly status: MigrationStatus;
  readonly history: readonly TakenStep[];
  /** What the step that leads on needs; null in the last phase. */
  readonly next: { readonly to: MigrationPhase; readonly gates: readonly Gate[] } | null;
}

async function show({ dataDir, json }: StepOptions): Promise<void> {
  const standing = await withMoveServices({ command: 'phase', dataDir, stopped: STOPPED }, async (services) => {
    const status = await readMigrationStatus(services);
    const history = await new PhaseStore(services.postgres).history();
    const to = PHASE_STEPS[status.phase].next;
    const situation = { ...status, now: Date.now(), waitMs: 0 };
    return { status, history, next: to === null ? null : { to, gates: await gatesOf(services, situation, to) } };
  });
  console.log(json === true ? JSON.stringify(toJson(standing)) : toText(standing));
}

const timeText = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());

function toJson({ status, history, next }: Standing) {
  return {
    ...status,
    since: timeText(status.since),
    verifiedAt: timeText(status.verifiedAt),
    sinks: status.sinks.map((sink) => ({
      ...sink,
      oldestPendingAt: timeText(sink.oldestPendingAt),
      lastCommittedAt: timeText(sink.lastCommittedAt),
    })),
    backfill: status.backfill.map((table) => ({
      ...table,
      watermark: timeText(table.watermark),
      retentionFrom: timeText(table.retentionFrom),
      startedAt: timeText(table.startedAt),
      finishedAt: timeText(table.finishedAt),
    })),
    history: history.map((step) => ({ ...step, takenAt: timeText(step.takenAt) })),
    next,
  };
}

function toText({ status, history, next }: Standing): string {
  const { phase, since, writesTo, readsFrom, sinks, backfill, verifiedAt, differences, deadLetters } = status;
  const verified =
    verifiedAt === null ? 'never' : `${timeText(verifiedAt)}, ${differences === 0 ? 'no' : differences} differences`;
  return [
    `phase         ${phase} since ${timeText(since)}`,
    `writes        ${writesTo.join(' and ')}`,
    `reads         ${readsFrom}`,
    ...sinks.map((sink) => `group         ${sinkText(sink)}`),
    ...(backfill.length === 0
      ? ['backfill      not planned']
      : backfill.map((each) => `backfill      ${tableText(each)}`)),
    `verified      ${verified}`,
    `dead letters  ${deadLetters}`,
    ...history.map((step) => `step          ${historyText(step)}`),
    ...(next === null ? [] : [`Before ${next.to}:`, checklist(next.gates)]),
  ].join('\n');
}

const sinkText = ({ store, stream, lag, pending, lastCommittedAt }: SinkStatus): string =>
  `${store} on ${stream}: ${lag} waiting, ${pending} in hand, last commit ${timeText(lastCommittedAt) ?? 'never'}`;

const tableText = ({ table, rowsDone, rowsTotal, rowsRejected, finishedAt }: BackfillTable): string =>
  `${table}: ${rowsDone} of ${rowsTotal} rows, ${rowsRejected} not to be moved, ` +
  `${finishedAt === null ? 'not finished' : `finished ${timeText(finishedAt)}`}`;

const historyText = ({ from, to, takenAt, takenBy, reason, forced }: TakenStep): string =>
  `${timeText(takenAt)} ${from} -> ${to} by ${takenBy}${forced ? ', forced' : ''}${reason === '' ? '' : `: ${reason}`}`;
