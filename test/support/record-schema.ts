import type { RecordType } from '../../src/records/record-type.js';
import type { Shape } from '../../src/records/shape.js';

type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The JSON Schema of one record. It takes all that the worker takes; what no schema can say (whether a time exists and is within the
 * retention, how many bytes a text has) is left to the worker.
 */
export function recordSchema<R>({ table, columnNames, columns, rules }: RecordType<R>): JsonSchema {
  const [, ...behindOthers] = rules.withoutGaps;
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `One record of the stream ${table}`,
    type: 'object',
    properties: Object.fromEntries(columnNames.map((name) => [name, valueSchema(columns[name].shape)])),
    required: columnNames.filter((name) => columns[name].missing === undefined && rules.missing[name] === undefined),
    ...(behindOthers.length === 0
      ? {}
      : { allOf: behindOthers.map((name, index) => onlyWith(name, rules.withoutGaps[index] ?? name)) }),
  };
}

function valueSchema({ nullable, ...shape }: Shape): JsonSchema {
  const schema = presentSchema(shape);
  return nullable === true ? { anyOf: [schema, { type: 'null' }] } : schema;
}

function presentSchema(shape: Shape): JsonSchema {
  switch (shape.kind) {
    case 'uuid':
      return text('^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$');
    case 'time':
      return {
        ...text('^\\d{4}-\\d{2}-\\d{2}[Tt ]\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([Zz]|[+-]\\d{2}:\\d{2})$'),
        description: 'RFC 3339, cut to milliseconds',
      };
    case 'uint':
      return { type: 'integer', minimum: shape.min, maximum: shape.max };
    case 'fixedHex':
      return text(`^0[xX][0-9a-fA-F]{${2 * shape.bytes}}$`);
    case 'hexData':
      return { ...text('^0[xX](?:[0-9a-fA-F]{2})*$'), maxLength: 2 + 2 * shape.maxBytes };
    case 'text':
      return { type: 'string', maxLength: shape.maxBytes, description: `At most ${shape.maxBytes} bytes of UTF-8` };
    case 'oneOf':
      return { enum: shape.names };
  }
}

const text = (pattern: string): JsonSchema => ({ type: 'string', pattern });

/** A field that may only have a value where another has one. */
const onlyWith = (name: string, other: string): JsonSchema => ({
  anyOf: [
    { properties: { [name]: { type: 'null' } } },
    { properties: { [other]: { type: 'string' } }, required: [other] },
  ],
});
