import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { initialHeaders } from './demo-headers.js';
import { createFetcher } from './fetcher.js';
import firstQuery from './first-query.graphql?raw';

const endpoint = new URL('/graphql', window.location.href);
const socket = new URL(endpoint);
socket.protocol = endpoint.protocol === 'https:' ? 'wss:' : 'ws:';

const { demoToken } = await (await fetch('/playground/settings.json')).json();
const headers = initialHeaders(demoToken, window.localStorage);
const fetcher = createFetcher(endpoint.href, socket.href);

createRoot(document.getElementById('playground')).render(
  <GraphiQL
    fetcher={fetcher}
    defaultQuery={firstQuery}
    initialHeaders={headers}
    defaultHeaders={headers}
    defaultEditorToolsVisibility="headers"
    shouldPersistHeaders
  >
    <GraphiQL.Logo>ethhook analytics</GraphiQL.Logo>
  </GraphiQL>,
);
