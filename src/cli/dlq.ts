import { isUtf8 } from 'node:buffer';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { readDeadLettersConfig, runByNpm } from '../config.js';
import { UserError } from '../platform/errors.js';
import { Lifecycle, stopSignal } from '../platform/lifecycle.js';
import { createLogger, type Logger } from '../platform/logger.js';
import { RedisNames, STREAMS, type StreamName } from '../records/names.js';
import { RedisDatabase } from '../stores/redis/database.js';
import {
  type LetterSelection,
  removeLetter,
  replayLetter,
  type StoredLetter,
  selectedLetters,
} from '../stores/redis/dead-letter-queue.js';
import { time } from './rollups.js';
import { DATA_DIR_OPTION, environmentOf } from './stack.js';

interface CommonOptions {
  readonly dataDir: string;
  readonly stream?: StreamName;
  readonly json?: true;
}

interface ListOptions extends CommonOptions {
  readonly limit: number;
}

interface SelectionOptions extends CommonOptions {
  readonly id?: readonly string[];
  readonly all?: true;
  /** `dlq purge` alone has it. */
  readonly before?: number;
}

interface Session {
  readonly redis: RedisDatabase;
  readonly names: RedisNames;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const APPLICATION_NAME = 'dlq';
const DEFAULT_LIMIT = 50;
const SHOWN_CHARACTERS = 100;
const PROGRESS_MS = 3_000;

const streamOption = () => new Option('--stream <name>', 'those of one stream alone').choices(STREAMS);
const JSON_OPTION = ['--json', 'print machine-readable results'] as const;

/** `dlq list`, `dlq replay` and `dlq purge`: the records that no store could take. */
export function registerDlq(program: Command): void {
  const dlq = program
    .command('dlq')
    .description('see, replay and remove dead letters: records that no store could take');
  dlq
    .command('list')
    .description('show dead letters, newest first')
    .addOption(streamOption())
    .option('--limit <n>', 'so many at most', limit, DEFAULT_LIMIT)
    .option(...DATA_DIR_OPTION)
    .option(...JSON_OPTION)
    .action(list);
  dlq
    .command('replay')
    .description('put records back onto their streams, oldest first, and remove their dead letters')
    .addOption(streamOption())
    .option('--id <id...>', 'these dead letters', letterId)
    .option('--all', 'all that there are')
    .option(...DATA_DIR_OPTION)
    .option(...JSON_OPTION)
    .action((options: SelectionOptions) =>
      change(options, { verb: 'replay', done: 'replayed' }, async ({ redis, names }, letter) => {
        return (await replayLetter(redis, names, letter)) !== null;
      }),
    );
  dlq
    .command('purge')
    .description('remove dead letters for good')
    .addOption(streamOption())
    .option('--id <id...>', 'these dead letters', letterId)
    .option('--before <time>', 'those that failed before this time', time)
    .option('--all', 'all that there are')
    .option(...DATA_DIR_OPTION)
    .option(...JSON_OPTION)
    .action((options: SelectionOptions) =>
      change(options, { verb: 'purge', done: 'purged' }, ({ redis, names }, letter) =>
        removeLetter(redis, names, letter),
      ),
    );
}

async function list({ dataDir, stream, limit: most, json }: ListOptions): Promise<void> {
  await inSession(dataDir, async ({ redis, names }) => {
    const letters: StoredLetter[] = [];
    let more = false;
    for await (const letter of selectedLetters(redis, names, stream === undefined ? {} : { stream }, 'newest first')) {
      more = letters.length === most;
      if (more) break;
      letters.push(letter);
    }
    if (json === true) console.log(JSON.stringify(letters.map(toJson)));
    else console.log([...letters.map(toLine), summary(letters.length, more)].join('\n'));
  });
}

const counted = (count: number): string => `${count} dead ${count === 1 ? 'letter' : 'letters'}`;

function summary(shown: number, more: boolean): string {
  if (shown === 0) return 'There are no dead letters.';
  return more ? `The newest ${counted(shown)}; there are more: --limit shows them.` : `${counted(shown)}.`;
}

/** Does one thing to each letter that is meant, each in a step of its own, and says to how many. */
async function change(
  { dataDir, stream, id: ids, all, before, json }: SelectionOptions,
  { verb, done }: { readonly verb: 'replay' | 'purge'; readonly done: string },
  act: (session: Session, letter: StoredLetter) => Promise<boolean>,
): Promise<void> {
  if (all === undefined && ids === undefined && stream === undefined && before === undefined) {
    const selectors = `--id <id...>, --stream <name>${verb === 'purge' ? ', --before <time>' : ''} or --all`;
    throw new UserError(`Which dead letters to ${verb}? Give ${selectors}. See them with: dlq list`, 2);
  }
  if (all !== undefined && ids !== undefined)
    throw new UserError('Give --id or --all: together they say two things.', 2);
  const selection: LetterSelection = {
    ...(ids === undefined ? {} : { ids }),
    ...(stream === undefined ? {} : { stream }),
    ...(before === undefined ? {} : { failedBefore: before }),
  };
  await inSession(dataDir, async (session) => {
    const missing = new Set(ids);
    let count = 0;
    let reportedAt = Date.now();
    for await (const letter of selectedLetters(session.redis, session.names, selection, 'oldest first')) {
      if (session.signal.aborted) throw new UserError(`Stopped: ${counted(count)} ${done} until then.`);
      if (await act(session, letter)) {
        missing.delete(letter.id);
        count++;
      }
      if (Date.now() - reportedAt > PROGRESS_MS) {
        reportedAt = Date.now();
        session.logger.info({ [done]: count }, `${verb} goes on`);
      }
    }
    console.log(json === true ? JSON.stringify({ [done]: count, missing: [...missing] }) : result(verb, count));
    if (missing.size > 0) {
      throw new UserError(
        `Not there: ${[...missing].join(', ')}. Replayed or purged already, or left out by another selector.` +
          '\nSee what there is with: dlq list',
      );
    }
  });
}

const result = (verb: 'replay' | 'purge', count: number): string =>
  verb === 'purge'
    ? `${counted(count)} purged.`
    : `${counted(count)} replayed. A record that is still bad becomes a new one: see with dlq list`;

async function inSession(dataDir: string, work: (session: Session) => Promise<void>): Promise<void> {
  const config = readDeadLettersConfig(environmentOf(dataDir));
  const logger = createLogger(APPLICATION_NAME, config.LOG_LEVEL);
  const lifecycle = new Lifecycle((name, error) => logger.error({ error, name }, 'could not be closed'));
  const stop = new AbortController();
  stopSignal(runByNpm()).then(() => stop.abort());
  try {
    const redis = new RedisDatabase(config.REDIS_URL, { applicationName: APPLICATION_NAME });
    lifecycle.push('redis', () => redis.close());
    await work({ redis, names: new RedisNames(config.STREAM_PREFIX), logger, signal: stop.signal });
  } finally {
    await lifecycle.close();
  }
}

/** By the names that the fields have in the stream, with the payload whole. */
function toJson({ id, stream, entryId, recordIndex, reason, failedAt, payload }: StoredLetter) {
  const encoding = isUtf8(payload) ? 'utf8' : 'base64';
  return {
    id,
    stream,
    entry_id: entryId,
    record_index: recordIndex,
    reason,
    failed_at: failedAt,
    encoding,
    payload: payload.toString(encoding),
  };
}

/** Bytes that came from anywhere must not steer a terminal. */
const printable = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ');

function toLine({ id, stream, entryId, recordIndex, reason, failedAt, payload }: StoredLetter): string {
  const text = isUtf8(payload) ? payload.toString('utf8') : `base64 ${payload.toString('base64')}`;
  const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}… (${payload.length} bytes)` : text;
  return printable([id, failedAt, stream, `${entryId}/${recordIndex}`, reason, shown].join('  '));
}

function letterId(text: string, before: readonly string[] = []): string[] {
  if (/^\d{1,20}-\d{1,20}$/.test(text)) return [...before, text];
  throw new InvalidArgumentError('It must be the id of a dead letter, such as 1767225600000-0, as dlq list shows it.');
}

function limit(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= 100_000) return value;
  throw new InvalidArgumentError('It must be a whole number from 1 to 100000.');
}
