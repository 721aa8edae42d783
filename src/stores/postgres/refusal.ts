import pg from 'pg';
import { UpstreamError } from '../../platform/errors.js';

/** SQLSTATE classes that speak of the values given: data exception, integrity constraint violation. */
const OF_DATA = /^2[23]/;
const CONDITIONS: Readonly<Record<string, string>> = {
  '22001': 'string_data_right_truncation',
  '22003': 'numeric_value_out_of_range',
  '22008': 'datetime_field_overflow',
  '22P02': 'invalid_text_representation',
  '23502': 'not_null_violation',
  '23503': 'foreign_key_violation',
  '23505': 'unique_violation',
  '23514': 'check_violation',
  '23P01': 'exclusion_violation',
};

/**
 * Why Postgres takes no row with these values, naming the column or constraint where it tells; undefined where an error
 * says nothing about the values.
 */
export function dataRefusal(error: unknown): string | undefined {
  if (!(error instanceof UpstreamError) || !(error.cause instanceof pg.DatabaseError)) return undefined;
  const { code, column, constraint } = error.cause;
  if (code === undefined || !OF_DATA.test(code)) return undefined;
  const named = constraint === undefined ? 'record' : `constraint ${constraint}`;
  const condition = CONDITIONS[code];
  return `${column ?? named}: is refused by Postgres (${condition === undefined ? code : `${code} ${condition}`})`;
}
