import { getOperationAST, OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';

/** How the editor asks: queries by POST, subscriptions over a socket of their own, both with the headers typed in. */
export const createFetcher =
  (httpUrl, socketUrl) =>
  (request, { headers = {}, documentAST } = {}) => {
    const operation = documentAST && getOperationAST(documentAST, request.operationName);
    return operation?.operation === OperationTypeNode.SUBSCRIPTION
      ? subscribe(socketUrl, request, headers)
      : post(httpUrl, request, headers);
  };

async function post(url, request, headers) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(request),
  });
  return response.json();
}

/** The headers travel as the payload of connection_init. */
function subscribe(url, request, headers) {
  const messages = createClient({ url, connectionParams: headers }).iterate(request);
  const next = messages.next.bind(messages);
  messages.next = () =>
    next().catch((error) => {
      throw error instanceof CloseEvent ? new Error(`The socket closed: ${error.code} ${error.reason}`) : error;
    });
  return messages;
}
