import type { PostgresDatabase } from '../../src/stores/postgres/database.js';
import { uuidOf } from './analytics-dataset.js';

/** Users with an application and two endpoints each. */
export const LEGACY_USERS = [1, 2, 3].map((number) => ({
  userId: uuidOf(7_000 + number),
  applicationId: uuidOf(7_100 + number),
  endpointIds: [uuidOf(7_200 + number), uuidOf(7_300 + number)],
}));

/**
 * Days of history as an older system left it: microseconds, upper-case hex, attempts with and without a user, with
 * text that needs escaping, with retries and every status. `days` begin that many days before now.
 */
export async function insertLegacyHistory(
  postgres: PostgresDatabase,
  { days, perDay }: { readonly days: number; readonly perDay: number },
): Promise<void> {
  const run = (name: string, text: string, values: readonly unknown[] = []) => postgres.query({ name, text, values });
  for (const { userId, applicationId, endpointIds } of LEGACY_USERS) {
    await run('test_user', 'INSERT INTO users (id, email) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      userId,
      `${userId}@example.com`,
    ]);
    await run('test_application', "INSERT INTO applications (id, user_id, name) VALUES ($1, $2, 'legacy')", [
      applicationId,
      userId,
    ]);
    await run(
      'test_endpoints',
      "INSERT INTO endpoints (id, application_id, name, url) SELECT id, $1, 'legacy', 'https://example.com' FROM unnest($2::uuid[]) AS id",
      [applicationId, endpointIds],
    );
  }
  await run(
    'test_events',
    `INSERT INTO events (id, chain_id, block_number, block_hash, transaction_hash, transaction_index, log_index, address,
        topic0, topic1, data, ingested_at, created_at)
      SELECT md5('event' || n)::uuid, 1, 9007199254740991 - n, '0x' || upper(repeat(md5('block' || n), 2)),
        '0X' || repeat(md5('transaction' || n), 2), n % 200, 4294967295 - n, '0x' || left(repeat(md5('address' || n), 2), 40),
        CASE WHEN n % 3 > 0 THEN '0x' || repeat(md5('topic'), 2) END,
        CASE WHEN n % 3 > 1 THEN '0x' || repeat(md5('topic' || n), 2) END,
        '0x' || repeat(upper(md5('data' || n)), n % 4), at, at + interval '7 microseconds'
      FROM (
        SELECT n, now() - $1 * interval '1 day' * (n + 1) / $2 + interval '1 microsecond' * (n % 1000) AS at
        FROM generate_series(0, $2::int - 1) AS n
      ) AS row`,
    [days, days * perDay],
  );
  await run(
    'test_attempts',
    `INSERT INTO delivery_attempts (id, event_id, endpoint_id, user_id, attempt_number, status, http_status_code,
        response_time_ms, error_message, created_at, updated_at)
      SELECT md5('attempt' || n)::uuid, md5('event' || n)::uuid, ($3::uuid[])[1 + n % 6],
        CASE WHEN n % 2 = 0 THEN ($4::uuid[])[1 + n % 3] END, 1 + n % 5,
        (ARRAY['success', 'success', 'failed', 'expired', 'pending'])[1 + n % 5],
        CASE n % 5 WHEN 0 THEN 200 WHEN 1 THEN 204 WHEN 2 THEN 503 END,
        CASE WHEN n % 5 < 3 THEN n % 977 END,
        CASE n % 5 WHEN 2 THEN E'bad\\tgateway \\\\ 👻\\r\\n' || n WHEN 3 THEN E'\\x0b\\x08\\x0c\\x1f' END,
        at, at + interval '1500 microseconds' * (n % 3)
      FROM (
        SELECT n, now() - $1 * interval '1 day' * (n + 1) / $2 + interval '1 microsecond' * (n % 1000) AS at
        FROM generate_series(0, $2::int - 1) AS n
      ) AS row`,
    [
      days,
      days * perDay,
      LEGACY_USERS.flatMap(({ endpointIds }) => endpointIds).sort((a, b) => owner(a) - owner(b) || (a < b ? -1 : 1)),
      LEGACY_USERS.map(({ userId }) => userId),
    ],
  );
}

const owner = (endpointId: string): number =>
  LEGACY_USERS.findIndex(({ endpointIds }) => endpointIds.includes(endpointId));

/** As the records of ClickHouse are written down: whose each attempt is comes from its endpoint where the row says nothing. */
export async function fillInUsers(postgres: PostgresDatabase): Promise<void> {
  await postgres.query({
    name: 'test_fill_in_users',
    text: `UPDATE delivery_attempts AS attempt SET user_id = application.user_id
      FROM endpoints AS endpoint JOIN applications AS application ON application.id = endpoint.application_id
      WHERE attempt.user_id IS NULL AND endpoint.id = attempt.endpoint_id`,
  });
}
