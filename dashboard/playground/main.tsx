import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { headersWith, renewDemoToken } from './demo-headers.js';
import { createFetcher } from './fetcher.js';

/** One tab each, in the order of their file names. */
const EXAMPLES = import.meta.glob<string>('./examples/*.graphql', { query: '?raw', import: 'default', eager: true });

const endpoint = new URL('/graphql', window.location.href);
const socket = new URL(endpoint);
socket.protocol = endpoint.protocol === 'https:' ? 'wss:' : 'ws:';

const { demoToken } = await (await fetch('/playground/settings.json')).json();
renewDemoToken(demoToken, window.localStorage);
const headers = headersWith(demoToken);
const tabs = Object.values(EXAMPLES).map((query) => ({ query, headers }));
const fetcher = createFetcher(endpoint.href, socket.href);
const place = document.getElementById('playground');
if (place === null) throw new Error('index.html has no element for the playground');

createRoot(place).render(
  <GraphiQL
    fetcher={fetcher}
    defaultTabs={tabs}
    defaultHeaders={headers}
    defaultEditorToolsVisibility="headers"
    shouldPersistHeaders
  >
    <GraphiQL.Logo>
      <a href="/">ethhook analytics</a>
    </GraphiQL.Logo>
  </GraphiQL>,
);
