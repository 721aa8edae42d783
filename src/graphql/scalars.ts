import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { parseTime, Rejected } from '../records/codec.js';

const FIRST_TIME = Date.parse('0000-01-01T00:00:00.000Z');
const LAST_TIME = Date.parse('9999-12-31T23:59:59.999Z');

/** Inside the gateway a DateTime is milliseconds since 1970, UTC. */
export const DateTime = new GraphQLScalarType<number, string>({
  name: 'DateTime',
  description: 'RFC 3339, UTC, milliseconds',
  serialize: (value) => new Date(asNumber(value)).toISOString(),
  parseValue: parseDateTime,
  parseLiteral: (node) => parseDateTime(node.kind === Kind.STRING ? node.value : undefined),
});

/** Whole numbers that JavaScript, and so JSON, carries exactly. */
export const SafeInt = new GraphQLScalarType<number, number>({
  name: 'SafeInt',
  description: '0 .. 2^53-1',
  serialize: (value) => checkSafe(asNumber(value)),
  parseValue: parseSafeInt,
  parseLiteral: (node) => parseSafeInt(node.kind === Kind.INT ? Number(node.value) : undefined),
});

function parseDateTime(value: unknown): number {
  try {
    const time = parseTime(value);
    if (time >= FIRST_TIME && time <= LAST_TIME) return time;
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
  }
  throw new GraphQLError('DateTime must be an RFC 3339 time that exists, such as 2026-01-01T00:00:00.000Z.');
}

function parseSafeInt(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new GraphQLError('SafeInt must be a whole number from 0 to 9007199254740991.');
  }
  return value;
}

function asNumber(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError(`expected a number, got ${typeof value}`);
  return value;
}

function checkSafe(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no SafeInt`);
  return value;
}
