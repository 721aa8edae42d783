import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { listen } from '../../src/platform/http-server.js';

const ADVISORY = {
  id: 1,
  url: 'https://example.com/advisory',
  title: 'a hole',
  vulnerable_versions: '<1000',
  cwe: [],
  cvss: { score: 8, vectorString: null },
};

/** Audits the dependencies as CI does, by a registry that answers audits so. */
async function auditBy(status: number, advisories: object): Promise<{ code: number | null; output: string }> {
  const registry = createServer((request, response) => {
    const isAudit = request.url?.includes('/advisories/') === true;
    response.writeHead(isAudit ? status : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isAudit ? advisories : {}));
  });
  const port = await listen(registry, { host: '127.0.0.1', port: 0, setting: 'none' });
  const cache = mkdtempSync(join(tmpdir(), 'ethhook-test-'));
  try {
    const audit = spawn(process.execPath, ['.ci/audit.mjs'], {
      env: {
        PATH: process.env['PATH'],
        npm_config_registry: `http://127.0.0.1:${port}`,
        npm_config_cache: cache,
        npm_config_fetch_retries: '0',
      },
    });
    let output = '';
    audit.stdout.on('data', (bytes) => {
      output += String(bytes);
    });
    const code = await new Promise<number | null>((resolve) => audit.once('close', resolve));
    return { code, output };
  } finally {
    registry.closeAllConnections();
    registry.close();
    rmSync(cache, { recursive: true, force: true });
  }
}

test('the audit of CI fails for a hole that is high, and names the package', async () => {
  const { code, output } = await auditBy(200, { express: [{ ...ADVISORY, severity: 'high' }] });
  expect({ code, output }).toEqual({ code: 1, output: expect.stringMatching(/^express .* high$/m) });
});

test.each([
  ['there is no hole', 200, {}, 'were audited: 0 packages'],
  ['a hole is a small one', 200, { express: [{ ...ADVISORY, severity: 'moderate' }] }, 'were audited: 0 packages'],
  ['the registry answers no audits', 405, {}, 'were NOT audited'],
])('and passes, and says why, where %s', async (_what, status, advisories, said) => {
  const { code, output } = await auditBy(status, advisories);
  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining(said) });
});
