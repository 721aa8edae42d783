import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import type { MoveServices } from '../../src/migration/move-services.js';
import type { MigrationPhase } from '../../src/records/migration-phase.js';
import type { IngestStack } from './ingest.js';

const logger = pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' }, pino.destination(2));

/** What the commands of the move work with, over the stores of a test. */
export const moveServices = ({ postgres, clickhouse, redis, names }: IngestStack): MoveServices => ({
  postgres,
  clickhouse,
  redis,
  names,
  retention: { eventsDays: 90, attemptsDays: 30 },
  logger,
  signal: new AbortController().signal,
});

/** Sets the phase past all gates, as of a minute ago: every process has followed. */
export async function setPhase({ postgres }: IngestStack, phase: MigrationPhase): Promise<void> {
  await postgres.query({
    name: 'test_phase',
    text: "UPDATE migration_phase SET phase = $1, since = now() - interval '1 minute'",
    values: [phase],
  });
}

/** Runs the compiled program against the stores of a test. */
export async function runCli({ environment }: IngestStack, ...args: readonly string[]) {
  const child = spawn(process.execPath, ['dist/src/main.js', ...args], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [[code], output, errors] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  return { code, output, errors };
}
