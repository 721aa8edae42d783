import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Made once for a data folder and kept in it, for its owner alone. */
export interface StackSecrets {
  /** Of the three servers. */
  readonly password: string;
  /** Signs tokens where JWT_SECRET is not set. */
  readonly jwtSecret: string;
}

export function stackSecrets(dataDir: string): StackSecrets {
  const file = join(dataDir, 'secrets.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  const secrets = { password: randomBytes(24).toString('hex'), jwtSecret: randomBytes(32).toString('hex') };
  writeFileSync(file, `${JSON.stringify(secrets)}\n`, { mode: 0o600 });
  return secrets;
}
