import type { AttemptRecord } from '../records/attempt.js';
import { DAY_MS, HOUR_MS } from '../records/time-range.js';
import type { Random } from './random.js';

/** How an endpoint answers. */
export interface Health {
  /** Half of its answers come within this, milliseconds. */
  readonly medianLatencyMs: number;
  /** The spread of its log-normal latency. */
  readonly latencySpread: number;
  /** The share of attempts that fail on an ordinary day. */
  readonly failureRate: number;
  /** Overloaded every morning, and down for half a day in ten. */
  readonly inTrouble?: boolean;
}

/** What became of one attempt, and how long that took. */
export interface Outcome
  extends Pick<AttemptRecord, 'status' | 'http_status_code' | 'response_time_ms' | 'error_message'> {
  readonly durationMs: number;
}

/** Attempts of one delivery at most: after the last one it has expired. */
export const MAX_ATTEMPTS = 5;
const TIMEOUT_MS = 10_000;
const OVERLOAD_HOURS = { from: 8, to: 12 };
const OUTAGE = { everyMs: 10 * DAY_MS, lastsMs: 14 * HOUR_MS };

/** The health of an endpoint that nothing is known of: good, in most cases. */
export function ordinaryHealth(random: Random): Health {
  return {
    medianLatencyMs: Math.round(random.logNormal(140, 0.7)),
    latencySpread: 0.3 + 0.4 * random.fraction(),
    failureRate: random.chance(0.1) ? 0.12 : 0.02 * random.fraction(),
  };
}

/** The share of attempts that fail at a time. */
function failureRateAt({ failureRate, inTrouble }: Health, time: number): number {
  if (inTrouble !== true) return failureRate;
  if (time % OUTAGE.everyMs < OUTAGE.lastsMs) return 0.95;
  const hour = (time % DAY_MS) / HOUR_MS;
  return hour >= OVERLOAD_HOURS.from && hour < OVERLOAD_HOURS.to ? 0.6 : failureRate;
}

export function outcomeOf(health: Health, attemptNumber: number, time: number, random: Random): Outcome {
  const latency = Math.max(3, Math.round(random.logNormal(health.medianLatencyMs, health.latencySpread)));
  if (latency < TIMEOUT_MS && !random.chance(failureRateAt(health, time))) {
    return answered('success', random.chance(0.9) ? 200 : 204, latency, null);
  }
  const status = attemptNumber < MAX_ATTEMPTS ? 'failed' : 'expired';
  const cause = random.fraction();
  if (latency >= TIMEOUT_MS || cause < 0.2) return unanswered(status, TIMEOUT_MS, `no answer within ${TIMEOUT_MS} ms`);
  if (cause < 0.3) return unanswered(status, random.whole(1, 40), 'connect ECONNREFUSED');
  if (cause < 0.7) return answered(status, 503, latency, 'HTTP 503 Service Unavailable');
  if (cause < 0.95) return answered(status, 500, latency, 'HTTP 500 Internal Server Error');
  return answered(status, 429, Math.min(latency, 80), 'HTTP 429 Too Many Requests');
}

const answered = (status: Outcome['status'], code: number, latency: number, error_message: string | null): Outcome => ({
  status,
  http_status_code: code,
  response_time_ms: latency,
  error_message,
  durationMs: latency,
});

const unanswered = (status: Outcome['status'], durationMs: number, error_message: string): Outcome => ({
  status,
  http_status_code: null,
  response_time_ms: null,
  error_message,
  durationMs,
});
