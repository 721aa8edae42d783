import type { MigrationStatus } from '../migration/status.js';
import type { User } from '../records/configuration.js';
import type { AnalyticsStore } from '../stores/analytics-store.js';
import type { ConfigurationStore } from '../stores/postgres/configuration-store.js';
import type { Admission } from './admission/admission.js';
import type { Limits } from './limits.js';
import type { HourlyStatsFeed } from './live/hourly-stats-feed.js';
import { Loaders } from './loaders.js';
import type { OperationMetrics, RunningOperation } from './operation-metrics.js';
import type { RateLimit } from './rate-limit.js';
import type { SubscriptionLimits } from './subscription-limits.js';

/** What the gateway answers from, for as long as it runs. */
export interface Services {
  readonly configuration: ConfigurationStore;
  /** The store that the phase of the move reads from, asked for once a request. */
  readonly analytics: () => AnalyticsStore;
  readonly hourlyStatsFeed: HourlyStatsFeed;
  readonly limits: Limits;
  /** What every operation passes before it runs, whichever way it comes in. */
  readonly admission: Admission;
  readonly rateLimit: RateLimit;
  /** Of those without a token, by their address. */
  readonly anonymousRateLimit: RateLimit;
  readonly subscriptionLimits: SubscriptionLimits;
  readonly operationMetrics: OperationMetrics;
  /** Where the move stands now. Fails with an UpstreamError. */
  readonly migrationStatus: () => Promise<MigrationStatus>;
  /** What is older counts nothing, days. */
  readonly attemptsRetentionDays: number;
  readonly eventsRetentionDays: number;
}

/** What one request knows of itself. */
export interface Request {
  readonly requestId: string;
  /** Whose data is answered: the token's user, or whom an admin acts for. Nothing else decides it. */
  readonly user: User;
  /** The only reading of the clock: what "now" means to every field of the request. */
  readonly now: number;
  readonly running: RunningOperation;
  /** Aborts when the client has left, or when the operation has taken too long: its reason is then a TIMEOUT. */
  readonly signal?: AbortSignal;
}

/** What resolvers are given. */
export interface RequestContext extends Request {
  readonly services: Services;
  readonly loaders: Loaders;
  readonly analytics: AnalyticsStore;
}

/** Who asks for the schema itself without a token: nobody's data is theirs. */
export const NOBODY: User = {
  id: '00000000-0000-0000-0000-000000000000',
  email: '',
  name: null,
  isAdmin: false,
  createdAt: 0,
};

export function createContext(allServices: Services, request: Request): RequestContext {
  const { signal } = request;
  const services =
    signal === undefined ? allServices : { ...allServices, configuration: allServices.configuration.until(signal) };
  const analytics = services.analytics();
  return { ...request, services, analytics, loaders: new Loaders(services, analytics, request) };
}
