import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Smaller files are sent as they are. */
const FROM_BYTES = 1_024;

/** Writes each script and style sheet compressed beside itself: the gateway has nothing to compress. */
export const compressed = (): Plugin => ({
  name: 'compressed',
  writeBundle({ dir = '' }, bundle) {
    for (const [name, file] of Object.entries(bundle)) {
      const source = file.type === 'chunk' ? file.code : file.source;
      if (!/\.(js|css)$/.test(name) || source.length < FROM_BYTES) continue;
      writeFileSync(join(dir, `${name}.gz`), gzipSync(source));
    }
  },
});
