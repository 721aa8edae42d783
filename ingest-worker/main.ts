import { runByNpm, type WorkerConfig } from '../src/config.js';
import { logCrash, stopSignal } from '../src/platform/lifecycle.js';
import { createLogger } from '../src/platform/logger.js';
import { runWorker } from './worker.js';

/** The worker's process: runs until SIGINT or SIGTERM, then drains. */
export async function main(config: WorkerConfig): Promise<void> {
  const logger = createLogger('worker', config.LOG_LEVEL);
  logCrash(logger);
  const stopping = new AbortController();
  stopSignal(runByNpm()).then((signal) => {
    logger.info({ signal }, 'stopping');
    stopping.abort();
  });
  await runWorker(config, logger, stopping.signal);
  logger.info('stopped');
}
