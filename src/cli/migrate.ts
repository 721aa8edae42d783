import type { Command } from 'commander';
import { readMigrateConfig } from '../config.js';
import { migrateUp } from '../migration/schema-runner.js';
import { type MigrationState, migrationStatus } from '../migration/schema-status.js';
import { createLogger } from '../platform/logger.js';
import { DATA_DIR_OPTION, environmentOf } from './stack.js';

interface MigrateCommandOptions {
  readonly dataDir: string;
  readonly json?: true;
}

/** `migrate up` and `migrate status`: the schema of both databases. */
export function registerMigrate(program: Command): void {
  const migrate = program.command('migrate').description('bring the schema of both databases up to date');
  migrate
    .command('up')
    .description('apply the migrations that are missing, and a changed retention')
    .option(...DATA_DIR_OPTION)
    .option('--json', 'print machine-readable results')
    .action(async ({ dataDir, json }: MigrateCommandOptions) => {
      const config = readMigrateConfig(environmentOf(dataDir));
      const report = await migrateUp({
        postgresUrl: config.POSTGRES_URL,
        clickhouseUrl: config.CLICKHOUSE_URL,
        clickhouseCluster: config.CLICKHOUSE_CLUSTER,
        retention: { eventsDays: config.EVENTS_RETENTION_DAYS, attemptsDays: config.ATTEMPTS_RETENTION_DAYS },
        logger: createLogger('migrate', config.LOG_LEVEL),
      });
      console.log(
        json === true
          ? JSON.stringify(report)
          : `The schema of both databases is up to date: ${report.applied.length} migrations applied, ` +
              `the retention of ${report.retentionChanged.length} tables changed.`,
      );
    });
  migrate
    .command('status')
    .description('list the migrations and whether they have been applied')
    .option(...DATA_DIR_OPTION)
    .option('--json', 'print machine-readable results')
    .action(async ({ dataDir, json }: MigrateCommandOptions) => {
      const config = readMigrateConfig(environmentOf(dataDir));
      const states = await migrationStatus({
        postgresUrl: config.POSTGRES_URL,
        clickhouseUrl: config.CLICKHOUSE_URL,
        clickhouseCluster: config.CLICKHOUSE_CLUSTER,
      });
      console.log(json === true ? JSON.stringify(states.map(toJson)) : states.map(toLine).join('\n'));
    });
}

const appliedTime = ({ appliedAt }: MigrationState): string | null =>
  appliedAt === null ? null : new Date(appliedAt).toISOString();

const toJson = (state: MigrationState) => ({ ...state, appliedAt: appliedTime(state) });

const toLine = (state: MigrationState): string =>
  [state.store.padEnd(10), state.state.padEnd(7), (appliedTime(state) ?? '').padEnd(24), state.migration].join('  ');
