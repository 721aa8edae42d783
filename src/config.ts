import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';
import { messageOf, UserError } from './platform/errors.js';
import { LOG_LEVELS } from './platform/logger.js';

/** An environment: `process.env`, or one made for a child process or a test. */
export type Environment = Readonly<Record<string, string | undefined>>;

const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be between ${min} and ${max}`);
const share = z
  .string()
  .transform(Number)
  .refine((value) => value >= 0 && value <= 1, 'must be a number from 0 to 1');
const port = whole(0, 65_535);
const url = (...protocols: string[]) =>
  z
    .string({ error: 'is required' })
    .refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
      error: `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    });
const flag = z.enum(['on', 'off'], { error: 'must be on or off' }).transform((value) => value === 'on');
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

const isOrigin = (text: string): boolean =>
  text === '*' || (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).origin === text);

/** Ranges of private addresses that express knows by name. */
const NAMED_NETWORKS = ['loopback', 'linklocal', 'uniquelocal'];
const ADDRESS_BITS: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

/** Whether it is an address, or a range of them such as 10.0.0.0/8. */
function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const most = ADDRESS_BITS[isIP(address)];
  if (most === undefined || more.length > 0) return NAMED_NETWORKS.includes(text);
  return bits === undefined || (/^\d+$/.test(bits) && Number(bits) >= 1 && Number(bits) <= most);
}

const common = {
  LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  STREAM_PREFIX: z
    .string()
    .regex(/^[\w:{}.-]+$/, 'must be letters, digits and any of _ : . - { }')
    .default('ethhook'),
  EVENTS_RETENTION_DAYS: whole(1, 3_650).default(90),
  ATTEMPTS_RETENTION_DAYS: whole(1, 3_650).default(30),
  CLICKHOUSE_CLUSTER: z
    .string()
    .regex(/^[\w{}.-]*$/, 'must be letters, digits and any of _ . - { }')
    .default(''),
};
const stores = {
  POSTGRES_URL: url('postgres:', 'postgresql:'),
  CLICKHOUSE_URL: url('http:', 'https:'),
  REDIS_URL: url('redis:', 'rediss:'),
};
const authentication = {
  JWT_SECRET: list.refine((secrets) => secrets.length > 0, 'must hold a secret').optional(),
  JWKS_URL: url('http:', 'https:').optional(),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: z.string().optional(),
};

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;
/** OpenTelemetry's SDK reads its variables, these and more, by itself. */
const traces = {
  OTEL_SDK_DISABLED: z.enum(['true', 'false'], { error: 'must be true or false' }).default('false'),
  OTEL_EXPORTER_OTLP_ENDPOINT: url('http:', 'https:').optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url('http:', 'https:').optional(),
  OTEL_SERVICE_NAME: z.string().optional(),
  OTEL_TRACES_SAMPLER: z.enum(SAMPLERS, { error: `must be one of ${SAMPLERS.join(', ')}` }).optional(),
  OTEL_TRACES_SAMPLER_ARG: share.optional(),
};

const gatewaySettings = {
  ...common,
  ...traces,
  ...authentication,
  PORT: port.default(4000),
  HOST: z.string().default('0.0.0.0'),
  MAX_PAGE_SIZE: whole(1, 10_000).default(500),
  MAX_HOURLY_RANGE_HOURS: whole(1, 100_000).default(2_400),
  MAX_DAILY_RANGE_DAYS: whole(1, 10_000).default(400),
  MAX_LIST_ITEMS: whole(1, 100_000).default(500),
  MAX_COST: whole(1, 1_000_000_000).default(250_000),
  MAX_BODY_BYTES: whole(1_024, 104_857_600).default(262_144),
  MAX_DOCUMENT_BYTES: whole(1_024, 1_048_576).default(65_536),
  MAX_DOCUMENT_TOKENS: whole(100, 100_000).default(5_000),
  MAX_DOCUMENT_DEPTH: whole(1, 100).default(16),
  MAX_DOCUMENT_FIELDS: whole(1, 100_000).default(5_000),
  MAX_ROOT_FIELDS: whole(1, 10_000).default(100),
  MAX_ALIASES: whole(0, 10_000).default(250),
  MAX_ALIASES_PER_FIELD: whole(1, 10_000).default(100),
  MAX_DIRECTIVES: whole(0, 10_000).default(50),
  OPERATION_TIMEOUT_MS: whole(100, 600_000).default(30_000),
  RATE_LIMIT_PER_MINUTE: whole(1, 1_000_000_000).default(60_000),
  ANONYMOUS_RATE_LIMIT_PER_MINUTE: whole(1, 1_000_000_000).default(600),
  RATE_LIMIT_TIMEOUT_MS: whole(1, 60_000).default(100),
  MAX_SUBSCRIPTIONS_PER_USER: whole(1, 1_000_000).default(1_000),
  MAX_SUBSCRIPTIONS_PER_SOCKET: whole(1, 1_000_000).default(100),
  ALLOWED_DOCUMENTS_FILE: z.string().optional(),
  SHADOW_READS: share.default(0),
  KEEPALIVE_MS: whole(100, 600_000).default(15_000),
  INTROSPECTION: flag.default(true),
  PLAYGROUND: flag.default(true),
  CORS_ORIGINS: list
    .refine((origins) => origins.every(isOrigin), 'must be origins such as https://app.example.com, or *')
    .default([]),
  TRUSTED_PROXIES: list
    .transform((proxies) => (/^[1-9]$/.test(proxies.join()) ? Number(proxies.join()) : proxies))
    .refine((proxies) => typeof proxies === 'number' || proxies.every(isNetwork), {
      error: 'must be networks such as 10.0.0.0/8, or how many proxies there are, 9 at most',
    })
    .default([]),
  DEMO_TOKEN: z.string().optional(),
};
const workerSettings = {
  ...common,
  ...traces,
  HOST: z.string().default('0.0.0.0'),
  WORKER_PORT: port.default(4001),
  BATCH_MAX_ROWS: whole(1, 500_000).default(50_000),
  BATCH_MAX_BYTES: whole(1_024, 268_435_456).default(16_777_216),
  BATCH_MAX_AGE_MS: whole(0, 4_000).default(50),
};

const gatewaySchema = z
  .object({ ...gatewaySettings, ...stores })
  .refine((values) => values.JWT_SECRET !== undefined || values.JWKS_URL !== undefined, {
    path: ['JWT_SECRET'],
    error: 'is required, unless JWKS_URL is set',
    // Also beside other mistakes, so that all are told at once.
    when: () => true,
  });

const workerSchema = z.object({ ...workerSettings, ...stores });

/** `up` makes the URLs itself, and picks what is not set here. */
const upSchema = z.object({
  ...gatewaySettings,
  ...workerSettings,
  HOST: z.string().default('127.0.0.1'),
  WORKER_PORT: port.optional(),
  CLICKHOUSE_CLUSTER: z.string().max(0, 'must be empty: this starts a single ClickHouse').default(''),
});

const migrateSchema = z.object({
  ...common,
  POSTGRES_URL: stores.POSTGRES_URL,
  CLICKHOUSE_URL: stores.CLICKHOUSE_URL,
});

const moveSchema = z.object({ ...common, ...stores });

const rollupsSchema = z.object({
  ...common,
  CLICKHOUSE_URL: stores.CLICKHOUSE_URL,
  REDIS_URL: stores.REDIS_URL,
});

const deadLettersSchema = z.object({
  ...common,
  REDIS_URL: stores.REDIS_URL,
});

const simulateSchema = z.object({
  ...common,
  POSTGRES_URL: stores.POSTGRES_URL,
  REDIS_URL: stores.REDIS_URL,
});

const tokenSchema = z.object({
  POSTGRES_URL: stores.POSTGRES_URL,
  JWT_SECRET: authentication.JWT_SECRET,
  JWT_ISSUER: authentication.JWT_ISSUER,
  JWT_AUDIENCE: authentication.JWT_AUDIENCE,
});

export type GatewayConfig = z.infer<typeof gatewaySchema>;
export type WorkerConfig = z.infer<typeof workerSchema>;
export type MigrateConfig = z.infer<typeof migrateSchema>;
export type UpConfig = z.infer<typeof upSchema>;
type MoveConfig = z.infer<typeof moveSchema>;
type RollupsConfig = z.infer<typeof rollupsSchema>;
type DeadLettersConfig = z.infer<typeof deadLettersSchema>;
type SimulateConfig = z.infer<typeof simulateSchema>;
type TokenConfig = z.infer<typeof tokenSchema>;

/** What this process was started with, for whoever makes another process's environment of it. */
export const processEnvironment = (): Environment => withSecretsFromFiles(process.env);

/** Whether npm, npx or a script of package.json started this process. */
export const runByNpm = (environment: Environment = process.env): boolean => environment['npm_execpath'] !== undefined;

export const readGatewayConfig = (environment: Environment = processEnvironment()): GatewayConfig =>
  read(gatewaySchema, environment);
export const readWorkerConfig = (environment: Environment = processEnvironment()): WorkerConfig =>
  read(workerSchema, environment);
export const readMigrateConfig = (environment: Environment = processEnvironment()): MigrateConfig =>
  read(migrateSchema, environment);
export const readMoveConfig = (environment: Environment): MoveConfig => read(moveSchema, environment);
export const readRollupsConfig = (environment: Environment): RollupsConfig => read(rollupsSchema, environment);
export const readDeadLettersConfig = (environment: Environment): DeadLettersConfig =>
  read(deadLettersSchema, environment);
export const readSimulateConfig = (environment: Environment = processEnvironment()): SimulateConfig =>
  read(simulateSchema, environment);
export const readTokenConfig = (environment: Environment): TokenConfig => read(tokenSchema, environment);
export const readUpConfig = (environment: Environment): UpConfig => read(upSchema, environment);

/** Off unless there is somewhere to send them. */
export const tracesAreOn = (config: Pick<WorkerConfig, keyof typeof traces>): boolean =>
  config.OTEL_SDK_DISABLED === 'false' &&
  (config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? config.OTEL_EXPORTER_OTLP_ENDPOINT) !== undefined;

/** Variables that hold a secret, each of which may come as the name of a file that holds it: `JWT_SECRET_FILE`. */
const SECRETS = ['POSTGRES_URL', 'CLICKHOUSE_URL', 'REDIS_URL', 'JWT_SECRET'];

/** The environment with the content of each secret's file in the place of the file's name. */
export function withSecretsFromFiles(environment: Environment): Environment {
  const values = { ...environment };
  for (const name of SECRETS) {
    const { [`${name}_FILE`]: file = '', [name]: given = '' } = environment;
    delete values[`${name}_FILE`];
    if (file === '') continue;
    if (given !== '') throw new UserError(`${name} and ${name}_FILE are both set: leave one of them out.`, 2);
    try {
      values[name] = readFileSync(file, 'utf8').trim();
    } catch (error) {
      throw new UserError(`${name}_FILE cannot be read: ${messageOf(error)}. Name a file that holds the value.`, 2);
    }
  }
  return values;
}

/** Reports every wrong or missing variable at once. An empty variable counts as one that is not set. */
function read<Values>(schema: z.ZodType<Values>, environment: Environment): Values {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const result = schema.safeParse(set);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => `  ${issue.path.join('.')} ${issue.message}`);
  throw new UserError(
    `The environment is not usable:\n${lines.join('\n')}\nSet these variables (docs/configuration.md) and start again.`,
    2,
  );
}
