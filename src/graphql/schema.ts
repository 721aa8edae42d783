import 'reflect-metadata';
import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { buildSchemaSync, type PubSub } from 'type-graphql';
import { ApplicationResolver } from './application/resolver.js';
import { DeliveryAttemptResolver } from './attempt/resolver.js';
import { BreakdownRowResolver } from './delivery/breakdown-resolver.js';
import { DashboardStatsResolver } from './delivery/dashboard-stats.js';
import { DeliverySourceResolver } from './delivery/source.js';
import { EndpointResolver } from './endpoint/resolver.js';
import { EventResolver } from './event/resolver.js';
import { HourlyStatsSubscription } from './live/resolver.js';
import { MigrationResolver } from './migration/resolver.js';
import { UserResolver } from './user/resolver.js';

/** Asked for by type-graphql and never used: subscriptions bring their own source. */
const NO_PUB_SUB: PubSub = {
  publish: () => undefined,
  subscribe: (topic) => {
    throw new Error(`${topic} has no source`);
  },
};

export const createSchema = (): GraphQLSchema =>
  buildSchemaSync({
    resolvers: [
      ApplicationResolver,
      BreakdownRowResolver,
      DashboardStatsResolver,
      DeliveryAttemptResolver,
      DeliverySourceResolver,
      EndpointResolver,
      EventResolver,
      HourlyStatsSubscription,
      MigrationResolver,
      UserResolver,
    ],
    pubSub: NO_PUB_SUB,
    validate: false,
  });

/** The schema as `schema.graphql` in the repository has it: sorted, so that its history reads well. */
export const printSorted = (schema: GraphQLSchema): string => `${printSchema(lexicographicSortSchema(schema))}\n`;
