import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { compressed } from '../compressed.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The playground as static files that need nothing from elsewhere; the gateway serves them below /playground/. */
export default defineConfig({
  root: here('.'),
  base: '/playground/',
  logLevel: 'warn',
  esbuild: { jsx: 'automatic' },
  plugins: [compressed()],
  worker: { format: 'es', rollupOptions: { treeshake: false } },
  build: {
    outDir: here('../../dist/dashboard/playground'),
    emptyOutDir: true,
    target: 'es2022',
    reportCompressedSize: false,
    chunkSizeWarningLimit: 10_000,
    rollupOptions: {
      // Halves the time of a build for 3 % more bytes: nearly all of it is the editor, which is used whole.
      treeshake: false,
      // React's "use client" marks mean nothing in a page that has no server half.
      onwarn: (warning, warn) => warning.code !== 'MODULE_LEVEL_DIRECTIVE' && warn(warning),
    },
  },
});
