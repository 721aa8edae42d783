import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { buildSchema, type DocumentNode, Kind, parse, validate } from 'graphql';

const FOLDER = new URL('../../dashboard/playground/examples/', import.meta.url);
const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'));
const examples = readdirSync(FOLDER).map((name) => ({ name, text: readFileSync(new URL(name, FOLDER), 'utf8') }));

/** The fields that the operations of a document begin with. */
const rootFieldsOf = ({ definitions }: DocumentNode): string[] =>
  definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION
      ? definition.selectionSet.selections.flatMap((field) => (field.kind === Kind.FIELD ? [field.name.value] : []))
      : [],
  );

describe('the examples of the playground', () => {
  test.each(examples)('$name fits the schema', ({ text }) => {
    expect(validate(schema, parse(text))).toEqual([]);
  });

  test('show every part of the API', () => {
    const shown = new Set(examples.flatMap(({ text }) => rootFieldsOf(parse(text))));
    const all = [schema.getQueryType(), schema.getSubscriptionType()].flatMap((type) =>
      Object.keys(type?.getFields() ?? {}),
    );
    expect(all.filter((name) => !shown.has(name))).toEqual([]);
  });
});
