import { isAt } from '../../records/json-value.js';
import { ENTRY_FORMS, type EntryForm } from '../../records/names.js';

/** An entry of a stream that records arrive on. */
export interface StreamEntry {
  /** Its id is in `ids` from `idFrom` up to `idTo`: see {@link idOf}. */
  readonly ids: Buffer;
  readonly idFrom: number;
  readonly idTo: number;
  /** The time in the id, milliseconds since 1970. */
  readonly time: number;
  /** Which of the known fields it has; null where it has none of them, or several. */
  readonly form: EntryForm | null;
  /** The value of that field is in `source` from `from` up to `to`; without a form, all names and values as a JSON array. */
  readonly source: Buffer;
  readonly from: number;
  readonly to: number;
  /** The trace that it was sent in, as W3C Trace Context names it; null where it has no such field. */
  readonly traceparent: string | null;
  /** Of names and values together. */
  readonly bytes: number;
}

/** As a text, which nobody needs of most entries. */
export const idOf = ({ ids, idFrom, idTo }: Pick<StreamEntry, 'ids' | 'idFrom' | 'idTo'>): string =>
  ids.toString('latin1', idFrom, idTo);

const FORMS = ENTRY_FORMS.map((form) => ({ form, name: Buffer.from(form) }));

const TRACEPARENT = Buffer.from('traceparent');

/** Whether the field of a trace is named in `source` from `from` up to `to`. */
export const isTraceparent = (source: Buffer, from: number, to: number): boolean =>
  to - from === TRACEPARENT.length && isAt(source, from, TRACEPARENT);

/** The form that is named in `source` from `from` up to `to`; null where it is another name. */
export function formAt(source: Buffer, from: number, to: number): EntryForm | null {
  for (const { form, name } of FORMS) if (name.length === to - from && isAt(source, from, name)) return form;
  return null;
}

/** An entry of these names and values in turn. */
export function streamEntry(id: string, fields: readonly Buffer[]): StreamEntry {
  let bytes = 0;
  for (const field of fields) bytes += field.length;
  const time = Number(id.slice(0, id.indexOf('-')));
  const values = fields.flatMap((name, at) => {
    const form = at % 2 === 0 ? formAt(name, 0, name.length) : null;
    const source = fields[at + 1];
    return form === null || source === undefined ? [] : [{ form, source }];
  });
  const [only = { form: null, source: asJson(fields) }] = values.length === 1 ? values : [];
  const trace = fields.findIndex((name, at) => at % 2 === 0 && name.equals(TRACEPARENT));
  const traceparent = trace === -1 ? null : (fields[trace + 1]?.toString('latin1') ?? null);
  const ids = Buffer.from(id, 'latin1');
  return { ids, idFrom: 0, idTo: ids.length, time, ...only, from: 0, to: only.source.length, traceparent, bytes };
}

/** So that nothing is lost of an entry in none of the forms. */
const asJson = (fields: readonly Buffer[]): Buffer => Buffer.from(JSON.stringify(fields.map(String)));
