#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { registerBackfill } from './cli/backfill.js';
import { registerCutover } from './cli/cutover.js';
import { registerDlq } from './cli/dlq.js';
import { registerFinalize } from './cli/finalize.js';
import { registerGateway } from './cli/gateway.js';
import { registerMigrate } from './cli/migrate.js';
import { registerPhase } from './cli/phase.js';
import { registerRollback } from './cli/rollback.js';
import { registerRollups } from './cli/rollups.js';
import { registerSimulate } from './cli/simulate.js';
import { registerToken } from './cli/token.js';
import { registerUp } from './cli/up.js';
import { registerVerify } from './cli/verify.js';
import { registerWorker } from './cli/worker.js';
import { UpstreamError, UserError } from './platform/errors.js';

const WRONG_USAGE = 2;

/** What to do about an upstream, by why it failed. */
const REMEDIES: Readonly<Record<UpstreamError['options']['kind'], string>> = {
  unavailable: 'Check that it runs and that its URL is right, then try again.',
  timeout: 'It took too long. See whether it is overloaded or hard to reach, then try again.',
  refused:
    'It answers, but refuses this. Check the user and the password in its URL, what that user may do, and that its ' +
    'schema is up to date (ethhook-analytics migrate status).',
  abandoned: 'It was given up before there was an answer: try again.',
};

/** Postgres's code for a database that does not exist. */
const NO_SUCH_DATABASE = '3D000';
const CREATE_DATABASE = 'Create it first (CREATE DATABASE …), then run: ethhook-analytics migrate up';

const { version, description }: { version: string; description: string } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);

const program = new Command('ethhook-analytics')
  .description(description)
  .version(version)
  .showHelpAfterError('Run with --help to see what there is.')
  .exitOverride();
for (const register of [
  registerUp,
  registerGateway,
  registerWorker,
  registerMigrate,
  registerToken,
  registerSimulate,
  registerRollups,
  registerDlq,
  registerPhase,
  registerBackfill,
  registerVerify,
  registerCutover,
  registerRollback,
  registerFinalize,
])
  register(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Says what went wrong and gives the exit code. Only what nobody foresaw is shown with its stack. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE;
  if (error instanceof UserError) {
    console.error(error.message);
    return error.exitCode;
  }
  if (error instanceof UpstreamError) {
    const remedy = error.options.code === NO_SUCH_DATABASE ? CREATE_DATABASE : REMEDIES[error.options.kind];
    console.error(`${error.upstream} failed: ${error.message}\n${remedy}`);
    return 1;
  }
  console.error(error);
  return 1;
}
