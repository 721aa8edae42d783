import { type Command, Option } from 'commander';
import { readTokenConfig } from '../config.js';
import { UserError } from '../platform/errors.js';
import { ConfigurationStore } from '../stores/postgres/configuration-store.js';
import { PostgresDatabase } from '../stores/postgres/database.js';
import { parseDuration } from './duration.js';
import { signToken } from './sign-token.js';
import { DATA_DIR_OPTION, environmentOf } from './stack.js';

const DEFAULT_TTL = '24h';

interface TokenCommandOptions {
  readonly user: string;
  readonly ttl: number;
  readonly dataDir: string;
  readonly json?: true;
}

/** `token`: a signed token for one user. */
export function registerToken(program: Command): void {
  program
    .command('token')
    .description('print a signed token for a user')
    .requiredOption('--user <uuid or email>', 'whom the token is for')
    .addOption(
      new Option('--ttl <duration>', 'how long it is good for, such as 90s, 15m, 24h or 7d')
        .argParser(parseDuration)
        .default(parseDuration(DEFAULT_TTL), DEFAULT_TTL),
    )
    .option(...DATA_DIR_OPTION)
    .option('--json', 'print machine-readable results')
    .action(async ({ user, ttl, dataDir, json }: TokenCommandOptions) => {
      const config = readTokenConfig(environmentOf(dataDir));
      const [secret] = config.JWT_SECRET ?? [];
      if (secret === undefined) {
        throw new UserError(
          "There is no secret to sign with: JWT_SECRET is not set. Set it to the gateway's; where that has a JWKS_URL, its issuer makes the tokens.",
        );
      }
      const userId = await userIdOf(config.POSTGRES_URL, user);
      const now = Date.now();
      const token = await signToken({
        secret,
        userId,
        now,
        ttlMs: ttl,
        issuer: config.JWT_ISSUER,
        audience: config.JWT_AUDIENCE,
      });
      const expiresAt = new Date(now + ttl).toISOString();
      console.log(json === true ? JSON.stringify({ token, userId, expiresAt }) : token);
    });
}

async function userIdOf(postgresUrl: string, idOrEmail: string): Promise<string> {
  const database = new PostgresDatabase(postgresUrl, { applicationName: 'ethhook-token', maxConnections: 1 });
  try {
    const users = new ConfigurationStore(database);
    const user = idOrEmail.includes('@') ? await users.userByEmail(idOrEmail) : (await users.usersById([idOrEmail]))[0];
    if (user) return user.id;
  } finally {
    await database.close();
  }
  throw new UserError(`There is no user ${idOrEmail}: a token is for the id or the email of one in the table "users".`);
}
