import type { Command } from 'commander';
import { readGatewayConfig, runByNpm } from '../config.js';
import { messageOf } from '../platform/errors.js';
import { Lifecycle, logCrash, stopSignal } from '../platform/lifecycle.js';
import { createLogger } from '../platform/logger.js';

const STOP_WITHIN_MS = 10_000;

/** `gateway`: one production process, configured by the environment alone. */
export function registerGateway(program: Command): void {
  program
    .command('gateway')
    .description('serve GraphQL over HTTP and WebSocket; configured by the environment alone')
    .action(async () => {
      const config = readGatewayConfig();
      const logger = createLogger('gateway', config.LOG_LEVEL);
      logCrash(logger);
      const lifecycle = new Lifecycle((name, error) => logger.error({ error, name }, 'could not be closed cleanly'));
      const stopping = new AbortController();
      const stopped = stopSignal(runByNpm()).finally(() => stopping.abort());
      try {
        // Loaded here alone: it is most of the program, and the other commands start a second sooner without it.
        const { startGateway } = await import('../gateway.js');
        await startGateway(config, logger, lifecycle, stopping.signal);
        logger.info({ signal: await stopped }, 'stopping');
      } catch (error) {
        if (!stopping.signal.aborted) throw error;
      } finally {
        const late = setTimeout(() => {
          logger.error(`not closed within ${STOP_WITHIN_MS / 1000} s, giving up`);
          process.exit(1);
        }, STOP_WITHIN_MS);
        await lifecycle.close().catch((error: unknown) => logger.error(messageOf(error)));
        clearTimeout(late);
      }
    });
}
