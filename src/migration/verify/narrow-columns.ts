import { HISTORY } from '../../records/history.js';
import type { StreamName } from '../../records/names.js';
import { columnMaxima } from '../../stores/postgres/narrow-columns.js';
import type { MoveServices } from '../move-services.js';
import { rowValues } from './confirm-rows.js';

/** Tells the columns in Postgres that have no room for their value of a row, by its canonical text. Fails with an UpstreamError. */
export async function narrowColumns(
  { postgres }: MoveServices,
  table: StreamName,
): Promise<(text: string) => readonly string[]> {
  const maxima = await columnMaxima(postgres, table);
  return (text) => {
    const values = rowValues(table, text);
    return HISTORY[table].columns
      .map(({ name }) => name)
      .filter((name, index) => Number(values[index]) > (maxima.get(name) ?? Number.POSITIVE_INFINITY));
  };
}
