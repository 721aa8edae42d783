import { QueryClient } from '@tanstack/react-query';
import { ApiError } from '../api/request.js';

const RETRIES = 2;
/** What is younger is not asked for again when a page is opened anew, milliseconds. */
const FRESH_MS = 5_000;

/** Answers are kept while their page may be come back to; what may pass is tried again before it is an error. */
export const createQueryClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: FRESH_MS,
        // The browser's idea of being online is no reason to wait: the gateway may be on this very machine.
        networkMode: 'always',
        retry: (failures, error) => failures < RETRIES && error instanceof ApiError && error.isPassing,
        retryDelay: (failures) => 500 * 2 ** failures,
      },
    },
  });
