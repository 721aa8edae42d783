import type { Command } from 'commander';
import { FORCE_OPTION, JSON_OPTION, REASON_OPTION, runStep, type StepOptions } from './phase.js';
import { DATA_DIR_OPTION } from './stack.js';

/** `rollback`: reads return to Postgres. */
export function registerRollback(program: Command): void {
  program
    .command('rollback')
    .description('read from Postgres again; both stores are still written')
    .option(...REASON_OPTION)
    .option(...FORCE_OPTION)
    .option(...DATA_DIR_OPTION)
    .option(...JSON_OPTION)
    .action((options: StepOptions) => runStep('rollback', { from: 'cutover', to: 'dual_write' }, options));
}
