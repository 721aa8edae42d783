import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';

const scope = new AsyncLocalStorage<string>();
const GIVEN_ID = /^[\w.-]{1,64}$/;

/** The id of an HTTP request: the client's `x-request-id` where it is usable, else a new one. */
export const requestIdFrom = (header: string | undefined): string =>
  header !== undefined && GIVEN_ID.test(header) ? header : randomUUID();

/** Apollo formats some errors where it knows nothing of the request: this is how the id gets there. */
export const runInRequest = (requestId: string, run: () => void): void => scope.run(requestId, run);
export const currentRequestId = (): string => scope.getStore() ?? randomUUID();
