import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/controls.css';
import '../styles/shell.css';
import '../styles/front.css';
import '../styles/tables.css';
import '../styles/attempts.css';
import '../styles/charts.css';
import '../styles/figures.css';
import '../styles/details.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import { createQueryClient } from './query-client.js';

const root = document.getElementById('dashboard');
if (root === null) throw new Error('index.html has no element for the dashboard');

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={createQueryClient()}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
