import { attemptType } from '../../records/attempt.js';
import { eventType } from '../../records/event.js';
import { ENTRY_FORMS, type StreamName } from '../../records/names.js';
import type { DeadLetter } from './dead-letters.js';

const ROW_BINARY_HEADERS: Readonly<Record<StreamName, Buffer>> = {
  events: eventType.rowBinaryHeader,
  delivery_attempts: attemptType.rowBinaryHeader,
};

/**
 * The fields of the entry, names and values in turn, that brings a dead letter's payload back in the form it came in:
 * rows of a `rowbinary` entry, an entry that had none of the forms, or else one record of JSON.
 */
export function replayedFields(
  stream: StreamName,
  { reason, payload }: Pick<DeadLetter, 'reason' | 'payload'>,
): (string | Buffer)[] {
  const header = ROW_BINARY_HEADERS[stream];
  const hasHeader = payload.subarray(0, header.length).equals(header);
  // The reason names the field: of what cannot be read not even the header may be right.
  if (hasHeader || reason.startsWith('rowbinary:')) return ['rowbinary', payload];
  return fieldsOfNoForm(payload) ?? ['record', payload];
}

/**
 * What an entry held that was rejected as a whole because it had not exactly one field of the forms: names and values
 * in turn, kept as a JSON array. Null where the payload is anything else, such as a record that happens to be an array.
 */
function fieldsOfNoForm(payload: Buffer): string[] | null {
  const fields = arrayOfTexts(payload);
  if (fields === null || fields.length === 0 || fields.length % 2 !== 0) return null;
  const forms: readonly string[] = ENTRY_FORMS;
  const found = fields.filter((field, index) => index % 2 === 0 && forms.includes(field));
  return found.length === 1 ? null : fields;
}

function arrayOfTexts(payload: Buffer): string[] | null {
  // Most payloads are objects, which need not be parsed.
  if (payload[0] !== '['.charCodeAt(0)) return null;
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'));
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : null;
  } catch {
    return null;
  }
}
