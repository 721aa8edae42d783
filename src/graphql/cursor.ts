import { isUuid } from '../records/codec.js';
import type { ListPosition } from '../stores/analytics-store.js';
import { badUserInput } from './errors.js';

const CURSOR_TEXT = /^(\d{1,15}):(.+)$/;
/** The end of the year 9999, the last that RFC 3339 and both stores can say. */
const LAST_TIME = 253_402_300_799_999;

/** A place in a list, opaque to the client. */
export const encodeCursor = ({ time, id }: ListPosition): string =>
  Buffer.from(`${time}:${id}`, 'latin1').toString('base64url');

/** Throws BAD_USER_INPUT for a text that {@link encodeCursor} did not make. */
export function decodeCursor(cursor: string): ListPosition {
  const [, time, id] = CURSOR_TEXT.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (time !== undefined && id !== undefined && isUuid(id)) {
    const position = { time: Number(time), id: id.toLowerCase() };
    if (position.time <= LAST_TIME && encodeCursor(position) === cursor) return position;
  }
  throw badUserInput(
    'after: this cursor cannot be read. Pass an endCursor or a cursor of an earlier page, or leave it out.',
  );
}
