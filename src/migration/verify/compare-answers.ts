import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { STORES } from '../../records/migration-phase.js';
import { DAY_MS, HOUR_MS, startOfDay, type TimeRange } from '../../records/time-range.js';
import type { AnalyticsStore, BreakdownDimension } from '../../stores/analytics-store.js';
import { ClickHouseAnalyticsStore } from '../../stores/clickhouse/clickhouse-analytics-store.js';
import { sampleUsers } from '../../stores/clickhouse/history-figures.js';
import { PostgresAnalyticsStore } from '../../stores/postgres/postgres-analytics-store.js';
import { caughtUp } from '../catch-up.js';
import type { MoveServices } from '../move-services.js';
import type { AnswerDifference } from './report.js';

interface AskedQuestion {
  readonly name: string;
  readonly userId: string;
  ask(store: AnalyticsStore): Promise<unknown>;
}

const USERS = 10;
const ROWS = 100;
const RETRY_MS = 500;
const RETRIES = 4;
const LAG_MS = 30_000;
const DIMENSIONS: readonly BreakdownDimension[] = ['endpoint', 'status', 'http_status_code', 'attempt_number'];

/**
 * Asks both stores what the gateway asks, for the heaviest user and nine others. Answers that differ are asked for again
 * once both stores have what was on the streams, for as long as the worker's audit may take; not at all where `patienceMs`
 * is null, as where rows are known to differ. Fails with an UpstreamError.
 */
export async function compareAnswers(
  services: MoveServices,
  now: number,
  patienceMs: number | null,
): Promise<{ asked: number; differences: AnswerDifference[] }> {
  const { clickhouse, postgres, retention, signal } = services;
  const month = { from: now - retention.attemptsDays * DAY_MS + HOUR_MS, to: now };
  const users = await sampleUsers(clickhouse, { range: month, users: USERS, signal });
  const stores = [new ClickHouseAnalyticsStore(clickhouse), new PostgresAnalyticsStore(postgres)] as const;
  const questions = users.flatMap((userId) => questionsOf(userId, month));
  const deadline = performance.now() + (patienceMs ?? 0);
  const most = patienceMs === null ? 0 : RETRIES;
  let differing = await answeredDifferently(questions, stores);
  for (let tries = 0; differing.length > 0 && (tries < most || performance.now() < deadline); tries++) {
    await caughtUp(services, STORES, LAG_MS);
    await delay(RETRY_MS, undefined, { signal });
    differing = await answeredDifferently(differing, stores);
  }
  return { asked: questions.length, differences: differing.map(({ name, userId }) => ({ question: name, userId })) };
}

async function answeredDifferently(
  questions: readonly AskedQuestion[],
  [left, right]: readonly [AnalyticsStore, AnalyticsStore],
): Promise<AskedQuestion[]> {
  const differing: AskedQuestion[] = [];
  for (const question of questions) {
    const [theirs, ours] = await Promise.all([question.ask(left), question.ask(right)]);
    if (!isDeepStrictEqual(theirs, ours)) differing.push(question);
  }
  return differing;
}

function questionsOf(userId: string, month: TimeRange): AskedQuestion[] {
  const scopes = [{ userId }];
  const day = { from: month.to - DAY_MS - 1_234_567, to: month.to - 1_234_567 };
  const days = Array.from({ length: 7 }, (_, index) => startOfDay(month.to) - (6 - index) * DAY_MS);
  const week = { from: Math.max(days[0] ?? month.from, month.from), to: month.to };
  const named = (name: string, ask: AskedQuestion['ask']): AskedQuestion => ({ name, userId, ask });
  return [
    named('stats of a day by the hour, with events', (store) =>
      store.deliveryStats({ scopes, range: day, hourly: true, events: true }),
    ),
    named('stats of everything kept', (store) =>
      store.deliveryStats({ scopes, range: month, hourly: false, events: false }),
    ),
    named('stats of a week by the day', (store) => store.dailyStats({ scopes, range: week, days })),
    ...DIMENSIONS.map((by) =>
      named(`breakdown of a day by ${by}`, (store) => store.breakdown({ scopes, by, range: day, limit: ROWS })),
    ),
    named('the newest attempts', (store) => store.attemptPage({ userId, range: day, limit: ROWS })),
    named('the newest events', (store) => store.eventPage({ userId, attemptsRange: month, range: day, limit: ROWS })),
  ];
}
