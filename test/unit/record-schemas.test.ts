import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { attemptType } from '../../src/records/attempt.js';
import { Rejected } from '../../src/records/codec.js';
import { eventType } from '../../src/records/event.js';
import type { RecordType } from '../../src/records/record-type.js';
import { CONTEXT, generatedAttempts, generatedEvents } from '../support/generated-records.js';
import { recordSchema } from '../support/record-schema.js';

/** Why a worker may refuse what its schema takes. */
const BEYOND_A_SCHEMA = /that exists|between 1970|retention|ahead of its entry|bytes|NUL|surrogates/;

function reasonOf<R>(type: RecordType<R>, value: unknown): string | null {
  try {
    type.parse(value, CONTEXT);
    return null;
  } catch (error) {
    if (error instanceof Rejected) return error.message;
    throw error;
  }
}

function describeSchema<R>(type: RecordType<R>, records: fc.Arbitrary<object>): void {
  const golden = new URL(`../../docs/schemas/${type.table}.json`, import.meta.url);
  const emitted = `${JSON.stringify(recordSchema(type), undefined, 2)}\n`;

  describe(`docs/schemas/${type.table}.json`, () => {
    /** `UPDATE_GOLDEN=1 npm run jest -- record-schemas` writes it anew. */
    test('is the schema of the record type', () => {
      if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, emitted);
      expect(readFileSync(golden, 'utf8')).toBe(emitted);
    });

    test('takes what the worker takes, and refuses the rest as far as a schema can', () => {
      const fits = new Ajv2020({ strictRequired: false }).compile(JSON.parse(readFileSync(golden, 'utf8')));
      const seen = new Set<boolean>();
      fc.assert(
        fc.property(records, (record) => {
          const value: unknown = JSON.parse(JSON.stringify(record));
          const reason = reasonOf(type, value);
          const isTaken = reason === null;
          seen.add(isTaken);
          if (isTaken || !BEYOND_A_SCHEMA.test(reason)) expect([reason, fits(value)]).toEqual([reason, isTaken]);
        }),
        { numRuns: 500 },
      );
      expect(seen.size).toBe(2);
    });
  });
}

describeSchema(attemptType, generatedAttempts);
describeSchema(eventType, generatedEvents);
