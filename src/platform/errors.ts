/** The services that the project depends on, by the names that errors and health answers use. */
export type Upstream = 'clickhouse' | 'postgres' | 'redis';

/** An upstream could not do what was asked of it. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';

  constructor(
    readonly upstream: Upstream,
    message: string,
    readonly options: {
      readonly cause: unknown;
      /**
       * Why: it cannot be reached or is failing; it took too long; it refuses this very request; or whoever asked has
       * given the request up, for the reason that is the cause.
       */
      readonly kind: 'unavailable' | 'timeout' | 'refused' | 'abandoned';
      /** The upstream's own code of the error, where it gave one. */
      readonly code?: string;
      /** Whether the request asks for more than the upstream has room for, so that its parts may succeed one by one. */
      readonly isTooLarge?: boolean;
    },
  ) {
    super(message, { cause: options.cause });
  }

  /** Whether the same request may succeed later with nothing changed. */
  get retryable(): boolean {
    return this.options.kind !== 'refused';
  }
}

/** Of a request that was given up with its signal. */
export const abandoned = (upstream: Upstream, what: string, signal: AbortSignal): UpstreamError =>
  new UpstreamError(upstream, `${what}: given up`, { cause: signal.reason, kind: 'abandoned' });

/** What a person did wrong or has to do: said as situation, cause and remedy, with no stack. */
export class UserError extends Error {
  override readonly name = 'UserError';

  constructor(
    message: string,
    /** The process's exit code: 1 failed, 2 wrong usage. */
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(message);
  }
}

/** The code of a system or driver error, such as ECONNREFUSED or 23505. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' || typeof error.code === 'number' ? String(error.code) : undefined;
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
