import { destination, type Logger, pino } from 'pino';
import { codeOf, UpstreamError } from './errors.js';

export type { Logger };

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One JSON line an event on standard error, so that standard output stays free for a command's result. */
export const createLogger = (processName: string, level: LogLevel): Logger =>
  pino(
    {
      level,
      base: { process: processName },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: errorFields },
    },
    destination({ fd: 2, sync: true }),
  );

/**
 * What is logged of an error. Nothing else that hangs on it: drivers leave whole commands there, with passwords and what
 * was sent among their arguments.
 */
function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { type, message, stack } = pino.stdSerializers.err(error);
  const code = codeOf(error);
  const ofUpstream =
    error instanceof UpstreamError
      ? { upstream: error.upstream, kind: error.options.kind, code: error.options.code }
      : {};
  return { type, message, stack, ...(code === undefined ? {} : { code }), ...ofUpstream };
}
