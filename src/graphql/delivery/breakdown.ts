import { STATUS_CODES } from 'node:http';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import type { Application, Endpoint } from '../../records/configuration.js';
import {
  type BreakdownDimension as Dimension,
  NO_KEY,
  type BreakdownRow as StoreRow,
} from '../../stores/analytics-store.js';
import { DeliveryCounters, withRates } from './counters.js';

export const BreakdownDimension = {
  ENDPOINT: 'endpoint',
  APPLICATION: 'application',
  STATUS: 'status',
  HTTP_STATUS_CODE: 'http_status_code',
  ATTEMPT_NUMBER: 'attempt_number',
} as const satisfies Record<string, Dimension>;
registerEnumType(BreakdownDimension, { name: 'BreakdownDimension' });

@ObjectType('BreakdownRow', {
  implements: DeliveryCounters,
  simpleResolvers: true,
  description: 'most attempts first; key: an id, an enum name, a number, or "none"',
})
export class BreakdownRowType extends DeliveryCounters {
  readonly by!: Dimension;

  @Field((_type) => String)
  readonly key!: string;
}

/** A row as the schema has it, with its dimension. */
export const breakdownRow = (by: Dimension, row: StoreRow): BreakdownRowType => ({
  ...withRates(row),
  by,
  key: by === 'status' ? row.key.toUpperCase() : row.key,
});

/** What a person calls the row. What is configured goes by its name, or by its id once it has been deleted. */
export function labelOf({ by, key }: BreakdownRowType, configured: Application | Endpoint | null): string {
  if (configured !== null) return configured.name;
  if (by === 'application' && key === NO_KEY) return 'No application';
  if (by === 'status') return `${key.slice(0, 1)}${key.slice(1).toLowerCase()}`;
  if (by === 'attempt_number') return `Attempt ${key}`;
  if (by === 'http_status_code') return key === NO_KEY ? 'No response' : `${key} ${STATUS_CODES[key] ?? ''}`.trim();
  return key;
}
