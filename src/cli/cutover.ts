import type { Command } from 'commander';
import { FORCE_OPTION, JSON_OPTION, REASON_OPTION, runStep, type StepOptions } from './phase.js';
import { DATA_DIR_OPTION } from './stack.js';

/** `cutover`: reads go to ClickHouse from now on. */
export function registerCutover(program: Command): void {
  program
    .command('cutover')
    .description('read from ClickHouse from now on; Postgres is still written')
    .option(...REASON_OPTION)
    .option(...FORCE_OPTION)
    .option(...DATA_DIR_OPTION)
    .option(...JSON_OPTION)
    .action((options: StepOptions) => runStep('cutover', { to: 'cutover' }, options));
}
