import type { Operation } from './operation.js';
import { currentToken, signOut } from './session.js';

interface ErrorBody {
  readonly message: string;
  readonly extensions?: { readonly code?: string; readonly requestId?: string };
}

interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly ErrorBody[];
}

/** What the gateway, or the way to it, has against a request. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** One of the gateway's codes, or UNREACHABLE. */
  readonly code: string;
  readonly requestId: string | null;

  constructor(message: string, code: string, requestId: string | null = null) {
    super(message);
    this.code = code;
    this.requestId = requestId;
  }

  /** The same request may do better a moment later. */
  get isPassing(): boolean {
    return PASSING.has(this.code);
  }
}

const PASSING = new Set(['UNREACHABLE', 'UPSTREAM_UNAVAILABLE', 'TIMEOUT', 'RATE_LIMITED']);

/** Asks the gateway. Throws an ApiError for any error in its answer; one about the token also ends the session. */
export async function request<Data, Variables>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Data> {
  const token = currentToken();
  const { data, errors } = await post<Data>(JSON.stringify({ query: operation.text, variables }), token, signal);
  const [error] = errors ?? [];
  if (error !== undefined) throw asApiError(error, token);
  if (data === undefined || data === null) throw new ApiError('The gateway sent an answer without data.', 'UNREADABLE');
  return data;
}

async function post<Data>(body: string, token: string | null, signal: AbortSignal | undefined): Promise<Answer<Data>> {
  let response: Response;
  try {
    response = await fetch('/graphql', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      body,
      signal: signal ?? null,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError('The gateway cannot be reached. Check that it runs and that you are online.', 'UNREACHABLE');
  }
  try {
    return await response.json();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(`The gateway answered ${response.status} with something that is not JSON.`, 'UNREACHABLE');
  }
}

function asApiError({ message, extensions }: ErrorBody, token: string | null): ApiError {
  const code = extensions?.code ?? 'UNKNOWN';
  // The session may have been renewed while this request was under way.
  if (code === 'UNAUTHENTICATED' && token === currentToken()) signOut(message);
  return new ApiError(message, code, extensions?.requestId ?? null);
}
