import fc from 'fast-check';

/** The entry that the generated records would come in. */
export const CONTEXT = { entryTime: Date.parse('2026-03-01T12:00:00.000Z'), retentionDays: 30 };

/** Nearly always what producers send; now and then rare or bad. */
const mostly = <T>(usual: fc.Arbitrary<T>, ...others: readonly fc.Arbitrary<unknown>[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    { arbitrary: usual, weight: 60 },
    ...[...others, fc.jsonValue(), fc.constant(null)].map((arbitrary) => ({ arbitrary, weight: 1 })),
  );
const orNull = <T>(usual: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(usual, { nil: null });

const uuids = mostly(
  fc.uuid(),
  fc.uuid().map((id) => id.toUpperCase()),
  fc.constantFrom('', '6f9619ff-8b86-4011-b42d-00c04fc964f', '6f9619ff_8b86-4011-b42d-00c04fc964ff', 'g'.repeat(36)),
);
const bytesOf = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((array) => `0x${Buffer.from(array).toString('hex')}`);
const badHex = (bytes: number): fc.Arbitrary<string> =>
  fc.constantFrom(`0X${'aB'.repeat(bytes)}`, `0x${'ag'.repeat(bytes)}`, '0x', '0x1', `1x${'ab'.repeat(bytes)}`);
const hash = mostly(bytesOf(32), badHex(32));
const [EARLIEST, LATEST] = [CONTEXT.entryTime - 30 * 86_400_000, CONTEXT.entryTime + 3_600_000];
const isoTimes = (min: number, max: number): fc.Arbitrary<string> =>
  fc.integer({ min, max }).map((time) => new Date(time).toISOString());
const times = mostly(
  isoTimes(EARLIEST, LATEST),
  isoTimes(EARLIEST - 1_000, EARLIEST + 1_000),
  isoTimes(LATEST - 1_000, LATEST + 1_000),
  fc.constantFrom(
    '2026-03-01T12:00:00Z',
    '2026-03-01T12:00:00.1Z',
    '2026-03-01T13:59:59.1239+02:00',
    '2026-02-28 12:00:00.000Z',
    '2026-02-29T12:00:00.000Z',
    '2026-02-28T24:00:00.000Z',
    '2026-02-28T23:60:00.000Z',
    '2026-02-28T23:59:60.000Z',
    '2026-13-01T12:00:00.000Z',
    '2026-02-1xT12:00:00.000Z',
    '2026-03-01T12:00:00,000Z',
    '2026-03-01T12:00:00.000z',
    'yesterday at twelve, I say',
  ),
);
const numbers = (min: number, max: number): fc.Arbitrary<unknown> =>
  mostly(
    fc.integer({ min, max }),
    fc.constantFrom(min - 1, max + 1, -0, 1.5, 1e3, 2 ** 32, 999_999_999_999_999, 2 ** 53 - 1, 2 ** 53, 1e21),
  );
const texts = mostly(
  fc.string({ maxLength: 40, unit: fc.constantFrom(...'HTTP 503, timed out after 10000 ms') }),
  fc.string({ maxLength: 40 }),
  fc.constantFrom('', 'a"b', 'a\\b', 'a\nb', 'a\0b', 'ż', '\ud800', '\u{1f600}', '\u007f'),
  fc.constantFrom('x'.repeat(65_536), 'x'.repeat(65_537)),
);
const statuses = mostly(
  fc.constantFrom('pending', 'success', 'failed', 'expired'),
  fc.constantFrom('Success', 'success ', ''),
);

/** Delivery attempts as JSON values, rare and bad ones among them. */
export const generatedAttempts = fc.record(
  {
    id: uuids,
    event_id: uuids,
    endpoint_id: uuids,
    user_id: uuids,
    attempt_number: numbers(1, 255),
    status: statuses,
    http_status_code: orNull(numbers(100, 599)),
    response_time_ms: orNull(numbers(0, 2 ** 32 - 1)),
    error_message: orNull(texts),
    created_at: times,
    updated_at: times,
    note: texts,
  },
  { requiredKeys: ['id', 'event_id', 'endpoint_id', 'user_id', 'attempt_number', 'status', 'created_at'] },
);
/** Events likewise. */
export const generatedEvents = fc
  .record(
    {
      id: uuids,
      chain_id: numbers(1, 2 ** 32 - 1),
      block_number: numbers(0, 2 ** 48),
      block_hash: hash,
      transaction_hash: hash,
      transaction_index: numbers(0, 2 ** 32 - 1),
      log_index: numbers(0, 2 ** 32 - 1),
      address: mostly(bytesOf(20), badHex(20)),
      data: mostly(
        fc.nat({ max: 200 }).chain(bytesOf),
        fc.constantFrom(`0x${'00'.repeat(2 ** 20)}`, `0x${'00'.repeat(2 ** 20 + 1)}`, '0x0'),
      ),
      ingested_at: times,
      created_at: times,
    },
    {
      requiredKeys: [
        'id',
        'chain_id',
        'block_number',
        'block_hash',
        'transaction_hash',
        'transaction_index',
        'log_index',
        'address',
        'data',
      ],
    },
  )
  .chain((event) =>
    mostly(fc.array(hash, { maxLength: 4 }), fc.array(orNull(hash), { maxLength: 4 })).map((topics) => ({
      ...event,
      ...Object.fromEntries((Array.isArray(topics) ? topics : []).map((topic, index) => [`topic${index}`, topic])),
    })),
  );
