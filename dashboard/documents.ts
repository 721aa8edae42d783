import { createHash } from 'node:crypto';
import type { Plugin } from 'vite';
import * as operations from './api/operations.js';

const DOCUMENTS = Object.values(operations).map(({ text }) => text);

/** Writes down all that the pages ask, by SHA-256: a gateway that runs allowed documents alone allows these. */
export const documents = (): Plugin => ({
  name: 'documents',
  generateBundle() {
    const byHash = DOCUMENTS.map((text) => [createHash('sha256').update(text).digest('hex'), text]);
    this.emitFile({
      type: 'asset',
      fileName: 'documents.json',
      source: JSON.stringify(Object.fromEntries(byHash)),
    });
  },
});
