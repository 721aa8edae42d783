import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { compressed } from './compressed.js';
import { documents } from './documents.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The dashboard as static files that need nothing from elsewhere; the gateway serves them below /dashboard/. */
export default defineConfig({
  root: here('.'),
  base: '/dashboard/',
  logLevel: 'warn',
  esbuild: { jsx: 'automatic' },
  plugins: [documents(), compressed()],
  build: {
    outDir: here('../dist/dashboard/app'),
    emptyOutDir: true,
    target: 'es2022',
    // Everything is a file of its own: the page's policy takes nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      input: [here('./index.html'), here('./not-found.html')],
      onwarn: (warning, warn) => warning.code !== 'MODULE_LEVEL_DIRECTIVE' && warn(warning),
    },
  },
});
