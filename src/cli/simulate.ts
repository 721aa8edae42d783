import { type Command, InvalidArgumentError } from 'commander';
import { readSimulateConfig, runByNpm } from '../config.js';
import { Lifecycle, stopSignal } from '../platform/lifecycle.js';
import { createLogger } from '../platform/logger.js';
import { RedisNames } from '../records/names.js';
import { simulate } from '../simulation/simulate.js';
import { PostgresDatabase } from '../stores/postgres/database.js';
import { RedisDatabase } from '../stores/redis/database.js';
import { StreamProducer } from '../stores/redis/producer.js';
import { DATA_DIR_OPTION, environmentOf } from './stack.js';

interface SimulateOptions {
  readonly rate: number;
  readonly seconds?: number;
  readonly users?: number;
  readonly dataDir: string;
}

/** `simulate`: realistic traffic onto the streams, until it is stopped. */
export function registerSimulate(program: Command): void {
  program
    .command('simulate')
    .description('put realistic traffic onto the streams')
    .requiredOption('--rate <n>', 'delivery attempts a second', positive)
    .option('--seconds <s>', 'end after so long instead of with Ctrl-C', positive)
    .option('--users <u>', 'spread over so many made-up users instead of everyone with an active endpoint', whole)
    .option(...DATA_DIR_OPTION)
    .action(async ({ rate, seconds, users, dataDir }: SimulateOptions) => {
      const config = readSimulateConfig(environmentOf(dataDir));
      const logger = createLogger('simulate', config.LOG_LEVEL);
      const lifecycle = new Lifecycle((name, error) => logger.error({ error, name }, 'could not be closed'));
      const stop = new AbortController();
      stopSignal(runByNpm()).then(() => stop.abort());
      try {
        const postgres = new PostgresDatabase(config.POSTGRES_URL, { applicationName: 'simulate', maxConnections: 1 });
        lifecycle.push('postgres', () => postgres.close());
        const redis = new RedisDatabase(config.REDIS_URL, { applicationName: 'simulate' });
        lifecycle.push('redis', () => redis.close());
        const producer = new StreamProducer(redis, new RedisNames(config.STREAM_PREFIX));
        const report = await simulate({
          postgres,
          producer,
          rate,
          ...(users === undefined ? {} : { users }),
          ...(seconds === undefined ? {} : { durationMs: seconds * 1000 }),
          logger,
          signal: stop.signal,
        });
        console.log(`${report.attempts} delivery attempts of ${report.events} events are on the streams.`);
      } finally {
        await lifecycle.close();
      }
    });
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 2_500) {
    throw new InvalidArgumentError('It must be a whole number from 1 to 2500.');
  }
  return value;
}
