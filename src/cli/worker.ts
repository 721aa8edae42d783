import type { Command } from 'commander';
import { main } from '../../ingest-worker/main.js';
import { readWorkerConfig } from '../config.js';

/** `worker`: one production process, configured by the environment alone. */
export function registerWorker(program: Command): void {
  program
    .command('worker')
    .description('run one ingest worker, from the streams to the stores; configured by the environment alone')
    .action(() => main(readWorkerConfig()));
}
