// Made of schema.graphql and of the documents in operations/, never edited. Written anew by
// UPDATE_GOLDEN=1 npm run --silent jest -- dashboard-operations
import type { Operation } from './operation.js';

/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** without a range, lists reach back to the retention; several filters narrow together */
export type DeliveryAttemptFilter = {
  readonly applicationId?: string | null | undefined;
  readonly endpointId?: string | null | undefined;
  readonly eventId?: string | null | undefined;
  readonly httpStatusCode?: ReadonlyArray<number> | null | undefined;
  readonly range?: TimeRange | null | undefined;
  readonly status?: ReadonlyArray<DeliveryStatus> | null | undefined;
};

export type DeliveryStatus =
  | 'EXPIRED'
  | 'FAILED'
  | 'PENDING'
  | 'SUCCESS';

/** several filters narrow together */
export type EndpointFilter = {
  readonly applicationId?: string | null | undefined;
  readonly ids?: ReadonlyArray<string> | null | undefined;
  readonly isActive?: boolean | null | undefined;
};

export type MigrationPhase =
  | 'COMPLETE'
  | 'CUTOVER'
  | 'DUAL_WRITE'
  | 'POSTGRES';

export type Store =
  | 'CLICKHOUSE'
  | 'POSTGRES';

/** Half-open [from, to), exact to the millisecond on the attempt's created_at; cut hours and days count only what is inside. Without to: now, once a request; without from: 24 hours before to. to may lie ahead; what is older than the retention counts nothing. */
export type TimeRange = {
  readonly from?: string | null | undefined;
  readonly to?: string | null | undefined;
};

export type AttemptLogQueryVariables = Exact<{
  filter: DeliveryAttemptFilter;
  after?: string | null | undefined;
}>;


export type AttemptLogQuery = { readonly deliveryAttempts: { readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null }, readonly nodes: ReadonlyArray<(
      { readonly endpoint: { readonly id: string, readonly name: string } | null }
      & AttemptRowFragment
    )> } | null };

export type NewestAttemptQueryVariables = Exact<{
  filter: DeliveryAttemptFilter;
}>;


export type NewestAttemptQuery = { readonly deliveryAttempts: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly createdAt: string }> } | null };

export type AttemptRowFragment = { readonly id: string, readonly attemptNumber: number, readonly status: DeliveryStatus, readonly httpStatusCode: number | null, readonly responseTimeMs: number | null, readonly errorMessage: string | null, readonly createdAt: string, readonly updatedAt: string };

export type AttemptDetailsQueryVariables = Exact<{
  id: string;
}>;


export type AttemptDetailsQuery = { readonly deliveryAttempt: (
    { readonly endpoint: { readonly id: string, readonly name: string, readonly url: string, readonly application: { readonly name: string } } | null, readonly event: { readonly id: string, readonly chainId: number, readonly blockNumber: number, readonly blockHash: string, readonly transactionHash: string, readonly transactionIndex: number, readonly logIndex: number, readonly address: string, readonly topics: ReadonlyArray<string>, readonly data: string, readonly ingestedAt: string, readonly deliveryAttempts: { readonly pageInfo: { readonly hasNextPage: boolean }, readonly nodes: ReadonlyArray<(
          { readonly endpoint: { readonly id: string, readonly name: string } | null }
          & AttemptRowFragment
        )> } | null } | null }
    & AttemptRowFragment
  ) | null };

type Counters_BreakdownRow_Fragment = { readonly attempts: number, readonly successes: number, readonly failures: number, readonly expired: number, readonly pending: number, readonly successRate: number | null, readonly p50LatencyMs: number | null, readonly p95LatencyMs: number | null, readonly p99LatencyMs: number | null };

type Counters_DailyStat_Fragment = { readonly attempts: number, readonly successes: number, readonly failures: number, readonly expired: number, readonly pending: number, readonly successRate: number | null, readonly p50LatencyMs: number | null, readonly p95LatencyMs: number | null, readonly p99LatencyMs: number | null };

type Counters_DashboardStats_Fragment = { readonly attempts: number, readonly successes: number, readonly failures: number, readonly expired: number, readonly pending: number, readonly successRate: number | null, readonly p50LatencyMs: number | null, readonly p95LatencyMs: number | null, readonly p99LatencyMs: number | null };

type Counters_DeliveryStats_Fragment = { readonly attempts: number, readonly successes: number, readonly failures: number, readonly expired: number, readonly pending: number, readonly successRate: number | null, readonly p50LatencyMs: number | null, readonly p95LatencyMs: number | null, readonly p99LatencyMs: number | null };

type Counters_HourlyStat_Fragment = { readonly attempts: number, readonly successes: number, readonly failures: number, readonly expired: number, readonly pending: number, readonly successRate: number | null, readonly p50LatencyMs: number | null, readonly p95LatencyMs: number | null, readonly p99LatencyMs: number | null };

export type CountersFragment =
  | Counters_BreakdownRow_Fragment
  | Counters_DailyStat_Fragment
  | Counters_DashboardStats_Fragment
  | Counters_DeliveryStats_Fragment
  | Counters_HourlyStat_Fragment
;

export type TotalsFragment = (
  { readonly totalEvents: number }
  & Counters_DeliveryStats_Fragment
);

type Delivery_Application_Fragment = { readonly id: string, readonly stats: TotalsFragment | null, readonly before: TotalsFragment | null, readonly hourlyStats?: ReadonlyArray<(
    { readonly hour: string }
    & Counters_HourlyStat_Fragment
  )> | null, readonly dailyStats?: ReadonlyArray<(
    { readonly start: string }
    & Counters_DailyStat_Fragment
  )> | null };

type Delivery_Endpoint_Fragment = { readonly id: string, readonly stats: TotalsFragment | null, readonly before: TotalsFragment | null, readonly hourlyStats?: ReadonlyArray<(
    { readonly hour: string }
    & Counters_HourlyStat_Fragment
  )> | null, readonly dailyStats?: ReadonlyArray<(
    { readonly start: string }
    & Counters_DailyStat_Fragment
  )> | null };

type Delivery_User_Fragment = { readonly id: string, readonly stats: TotalsFragment | null, readonly before: TotalsFragment | null, readonly hourlyStats?: ReadonlyArray<(
    { readonly hour: string }
    & Counters_HourlyStat_Fragment
  )> | null, readonly dailyStats?: ReadonlyArray<(
    { readonly start: string }
    & Counters_DailyStat_Fragment
  )> | null };

export type DeliveryFragment =
  | Delivery_Application_Fragment
  | Delivery_Endpoint_Fragment
  | Delivery_User_Fragment
;

export type OverviewQueryVariables = Exact<{
  range: TimeRange;
  before: TimeRange;
  hourly: boolean;
  timeZone: string;
}>;


export type OverviewQuery = { readonly me: Delivery_User_Fragment };

export type ApplicationDeliveryQueryVariables = Exact<{
  id: string;
  range: TimeRange;
  before: TimeRange;
  hourly: boolean;
  timeZone: string;
}>;


export type ApplicationDeliveryQuery = { readonly application: Delivery_Application_Fragment | null };

export type EndpointDeliveryQueryVariables = Exact<{
  id: string;
  range: TimeRange;
  before: TimeRange;
  hourly: boolean;
  timeZone: string;
}>;


export type EndpointDeliveryQuery = { readonly endpoint: (
    { readonly byHttpStatusCode: ReadonlyArray<BreakdownFragment> | null, readonly byAttemptNumber: ReadonlyArray<BreakdownFragment> | null }
    & Delivery_Endpoint_Fragment
  ) | null };

export type BreakdownFragment = { readonly key: string, readonly attempts: number, readonly successes: number, readonly failures: number, readonly expired: number, readonly pending: number, readonly p95LatencyMs: number | null };

export type LiveSubscriptionVariables = Exact<{
  applicationId?: string | null | undefined;
  endpointId?: string | null | undefined;
}>;


export type LiveSubscription = { readonly hourlyStats: (
    { readonly hour: string }
    & Counters_HourlyStat_Fragment
  ) };

export type EndpointTableQueryVariables = Exact<{
  filter: EndpointFilter;
  range: TimeRange;
  hourly: boolean;
  timeZone: string;
  after?: string | null | undefined;
}>;


export type EndpointTableQuery = { readonly endpoints: { readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null }, readonly nodes: ReadonlyArray<{ readonly id: string, readonly name: string, readonly url: string, readonly isActive: boolean, readonly application: { readonly id: string, readonly name: string }, readonly stats: Counters_DeliveryStats_Fragment | null, readonly hourlyStats?: ReadonlyArray<{ readonly hour: string, readonly attempts: number, readonly failures: number, readonly expired: number }> | null, readonly dailyStats?: ReadonlyArray<{ readonly start: string, readonly attempts: number, readonly failures: number, readonly expired: number }> | null }> } };

export type ApplicationNamesQueryVariables = Exact<{ [key: string]: never; }>;


export type ApplicationNamesQuery = { readonly me: { readonly applications: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly name: string }> } } };

export type EndpointNamesQueryVariables = Exact<{
  filter: EndpointFilter;
}>;


export type EndpointNamesQuery = { readonly endpoints: { readonly nodes: ReadonlyArray<{ readonly id: string, readonly name: string, readonly application: { readonly id: string, readonly name: string } }> } };

export type EndpointDetailsQueryVariables = Exact<{
  id: string;
}>;


export type EndpointDetailsQuery = { readonly endpoint: { readonly id: string, readonly name: string, readonly url: string, readonly isActive: boolean, readonly chainIds: ReadonlyArray<number>, readonly contractAddresses: ReadonlyArray<string>, readonly eventTopics: ReadonlyArray<string>, readonly createdAt: string, readonly application: { readonly id: string, readonly name: string } } | null };

export type MigrationQueryVariables = Exact<{ [key: string]: never; }>;


export type MigrationQuery = { readonly migration: { readonly phase: MigrationPhase, readonly since: string, readonly readsFrom: Store, readonly writesTo: ReadonlyArray<Store>, readonly verifiedAt: string | null, readonly differences: number | null, readonly deadLetters: number, readonly sinks: ReadonlyArray<{ readonly store: Store, readonly stream: string, readonly lag: number, readonly pending: number, readonly oldestPendingAt: string | null, readonly lastCommittedAt: string | null }>, readonly backfill: ReadonlyArray<{ readonly table: string, readonly rowsTotal: number, readonly rowsDone: number, readonly rowsRejected: number, readonly startedAt: string | null, readonly finishedAt: string | null }> } | null };

export type MeQueryVariables = Exact<{ [key: string]: never; }>;


export type MeQuery = { readonly me: { readonly id: string, readonly email: string, readonly name: string | null, readonly isAdmin: boolean } };


export const AttemptLog: Operation<AttemptLogQuery, AttemptLogQueryVariables> = {
  text: 'query AttemptLog($filter:DeliveryAttemptFilter!$after:String){deliveryAttempts(filter:$filter first:50 after:$after){pageInfo{hasNextPage endCursor}nodes{...AttemptRow endpoint{id name}}}}fragment AttemptRow on DeliveryAttempt{id attemptNumber status httpStatusCode responseTimeMs errorMessage createdAt updatedAt}',
};

export const NewestAttempt: Operation<NewestAttemptQuery, NewestAttemptQueryVariables> = {
  text: 'query NewestAttempt($filter:DeliveryAttemptFilter!){deliveryAttempts(filter:$filter first:1){nodes{id createdAt}}}',
};

export const AttemptDetails: Operation<AttemptDetailsQuery, AttemptDetailsQueryVariables> = {
  text: 'query AttemptDetails($id:ID!){deliveryAttempt(id:$id){...AttemptRow endpoint{id name url application{name}}event{id chainId blockNumber blockHash transactionHash transactionIndex logIndex address topics data ingestedAt deliveryAttempts(first:50){pageInfo{hasNextPage}nodes{...AttemptRow endpoint{id name}}}}}}fragment AttemptRow on DeliveryAttempt{id attemptNumber status httpStatusCode responseTimeMs errorMessage createdAt updatedAt}',
};

export const Overview: Operation<OverviewQuery, OverviewQueryVariables> = {
  text: 'query Overview($range:TimeRange!$before:TimeRange!$hourly:Boolean!$timeZone:String!){me{...Delivery}}fragment Delivery on DeliverySource{id stats(range:$range){...Totals}before:stats(range:$before){...Totals}hourlyStats(range:$range)@include(if:$hourly){hour ...Counters}dailyStats(range:$range timeZone:$timeZone)@skip(if:$hourly){start ...Counters}}fragment Totals on DeliveryStats{...Counters totalEvents}fragment Counters on DeliveryCounters{attempts successes failures expired pending successRate p50LatencyMs p95LatencyMs p99LatencyMs}',
};

export const ApplicationDelivery: Operation<ApplicationDeliveryQuery, ApplicationDeliveryQueryVariables> = {
  text: 'query ApplicationDelivery($id:ID!$range:TimeRange!$before:TimeRange!$hourly:Boolean!$timeZone:String!){application(id:$id){...Delivery}}fragment Delivery on DeliverySource{id stats(range:$range){...Totals}before:stats(range:$before){...Totals}hourlyStats(range:$range)@include(if:$hourly){hour ...Counters}dailyStats(range:$range timeZone:$timeZone)@skip(if:$hourly){start ...Counters}}fragment Totals on DeliveryStats{...Counters totalEvents}fragment Counters on DeliveryCounters{attempts successes failures expired pending successRate p50LatencyMs p95LatencyMs p99LatencyMs}',
};

export const EndpointDelivery: Operation<EndpointDeliveryQuery, EndpointDeliveryQueryVariables> = {
  text: 'query EndpointDelivery($id:ID!$range:TimeRange!$before:TimeRange!$hourly:Boolean!$timeZone:String!){endpoint(id:$id){...Delivery byHttpStatusCode:breakdown(by:HTTP_STATUS_CODE range:$range first:20){...Breakdown}byAttemptNumber:breakdown(by:ATTEMPT_NUMBER range:$range first:20){...Breakdown}}}fragment Delivery on DeliverySource{id stats(range:$range){...Totals}before:stats(range:$before){...Totals}hourlyStats(range:$range)@include(if:$hourly){hour ...Counters}dailyStats(range:$range timeZone:$timeZone)@skip(if:$hourly){start ...Counters}}fragment Totals on DeliveryStats{...Counters totalEvents}fragment Counters on DeliveryCounters{attempts successes failures expired pending successRate p50LatencyMs p95LatencyMs p99LatencyMs}fragment Breakdown on BreakdownRow{key attempts successes failures expired pending p95LatencyMs}',
};

export const Live: Operation<LiveSubscription, LiveSubscriptionVariables> = {
  text: 'subscription Live($applicationId:ID$endpointId:ID){hourlyStats(applicationId:$applicationId endpointId:$endpointId){hour ...Counters}}fragment Counters on DeliveryCounters{attempts successes failures expired pending successRate p50LatencyMs p95LatencyMs p99LatencyMs}',
};

export const EndpointTable: Operation<EndpointTableQuery, EndpointTableQueryVariables> = {
  text: 'query EndpointTable($filter:EndpointFilter!$range:TimeRange!$hourly:Boolean!$timeZone:String!$after:String){endpoints(filter:$filter first:50 after:$after){pageInfo{hasNextPage endCursor}nodes{id name url isActive application{id name}stats(range:$range){...Counters}hourlyStats(range:$range)@include(if:$hourly){hour attempts failures expired}dailyStats(range:$range timeZone:$timeZone)@skip(if:$hourly){start attempts failures expired}}}}fragment Counters on DeliveryCounters{attempts successes failures expired pending successRate p50LatencyMs p95LatencyMs p99LatencyMs}',
};

export const ApplicationNames: Operation<ApplicationNamesQuery, ApplicationNamesQueryVariables> = {
  text: 'query ApplicationNames{me{applications(first:500){nodes{id name}}}}',
};

export const EndpointNames: Operation<EndpointNamesQuery, EndpointNamesQueryVariables> = {
  text: 'query EndpointNames($filter:EndpointFilter!){endpoints(filter:$filter first:500){nodes{id name application{id name}}}}',
};

export const EndpointDetails: Operation<EndpointDetailsQuery, EndpointDetailsQueryVariables> = {
  text: 'query EndpointDetails($id:ID!){endpoint(id:$id){id name url isActive chainIds contractAddresses eventTopics createdAt application{id name}}}',
};

export const Migration: Operation<MigrationQuery, MigrationQueryVariables> = {
  text: 'query Migration{migration{phase since readsFrom writesTo sinks{store stream lag pending oldestPendingAt lastCommittedAt}backfill{table rowsTotal rowsDone rowsRejected startedAt finishedAt}verifiedAt differences deadLetters}}',
};

export const Me: Operation<MeQuery, MeQueryVariables> = {
  text: 'query Me{me{id email name isAdmin}}',
};
