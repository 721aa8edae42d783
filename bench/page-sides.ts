/** The first page of a list, with what the dashboard shows of a row. */
export const ATTEMPTS_PAGE = `{ page: deliveryAttempts(first: 50) {
  nodes { id attemptNumber status httpStatusCode responseTimeMs errorMessage createdAt updatedAt }
  pageInfo { hasNextPage endCursor } } }`;
export const EVENTS_PAGE = `{ page: events(first: 50) {
  nodes { id chainId blockNumber transactionHash logIndex address topics data ingestedAt }
  pageInfo { hasNextPage endCursor } } }`;

interface Answer {
  readonly errors?: unknown;
  readonly data?: { readonly page: { readonly nodes: readonly unknown[] } | null };
}

/** A page, as a client asks the gateway over HTTP. Fails where it is empty. */
export async function askPage(graphqlUrl: string, token: string, query: string): Promise<void> {
  const response = await fetch(graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
  });
  const answer = (await response.json()) as Answer;
  if (answer.errors !== undefined || !answer.data?.page?.nodes.length) {
    throw new Error(`the gateway answered ${response.status}: ${JSON.stringify(answer)}`);
  }
}
