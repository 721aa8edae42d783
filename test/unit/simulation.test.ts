import { describe, expect, test } from '@jest/globals';
import { type AttemptRecord, attemptType } from '../../src/records/attempt.js';
import { type EventRecord, eventType } from '../../src/records/event.js';
import { DAY_MS, HOUR_MS } from '../../src/records/time-range.js';
import { accepts, EventFeed } from '../../src/simulation/feed.js';
import { LiveTraffic } from '../../src/simulation/live-traffic.js';
import { Random } from '../../src/simulation/random.js';
import { demoTenant, simulatedTenant, subscriberOf } from '../../src/simulation/tenant.js';
import { historyOf } from '../../src/simulation/traffic.js';

const MONDAY = Date.UTC(2026, 5, 1);
const tenant = demoTenant(MONDAY);
const active = tenant.endpoints.filter(({ isActive }) => isActive);
const subscribers = active.map(subscriberOf);
const WEEK = { from: MONDAY, to: MONDAY + 7 * DAY_MS };
const week = historyOf(subscribers, 'test', WEEK, WEEK.to);

const iso = (time: number): string => new Date(time).toISOString();
const countBy = <T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, number> => {
  const counts = new Map<K, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
};
const endpointNamed = (name: string): string => tenant.endpoints.find((endpoint) => endpoint.name === name)?.id ?? '';

describe('random numbers', () => {
  test('come again from the same seed, and differ between seeds', () => {
    const of = (...seed: (string | number)[]): string => new Random(...seed).hex(32);
    expect(of('a', 1)).toBe(of('a', 1));
    expect(new Set([of('a', 1), of('a', 2), of('b', 1), of('a1')]).size).toBe(4);
  });

  test('are spread as they claim', () => {
    const random = new Random('spread');
    const many = <T>(make: () => T): T[] => Array.from({ length: 20_000 }, make);
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(many(() => random.fraction()))).toBeCloseTo(0.5, 1);
    expect(mean(many(() => random.count(3)))).toBeCloseTo(3, 1);
    expect(mean(many(() => random.count(400)))).toBeCloseTo(400, -1);
    const latencies = many(() => random.logNormal(100, 0.5)).sort((a, b) => a - b);
    expect(latencies[10_000]).toBeGreaterThan(95);
    expect(latencies[10_000]).toBeLessThan(105);
  });
});

describe('the history of a week', () => {
  test('is the same when it is made again', () => {
    const again = historyOf(subscribers, 'test', WEEK, WEEK.to);
    expect(JSON.stringify(again) === JSON.stringify(week)).toBe(true);
    const part = historyOf(subscribers, 'test', { from: WEEK.from, to: WEEK.from + 6 * HOUR_MS }, WEEK.to);
    expect(part.events).toEqual(week.events.slice(0, part.events.length));
  });

  test('is as much as makes some 41,000 attempts in 30 days', () => {
    const monthly = (week.attempts.length * 30) / 7;
    expect(monthly).toBeGreaterThan(35_000);
    expect(monthly).toBeLessThan(47_000);
  });

  test('obeys the rules of the records', () => {
    const context = { entryTime: WEEK.to, retentionDays: 30 };
    const changed = [
      ...week.events.filter((event) => {
        const json = { ...event, ingested_at: iso(event.ingested_at), created_at: iso(event.created_at) };
        return eventType.canonicalText(eventType.parse(json, context)) !== eventType.canonicalText(event);
      }),
      ...week.attempts.filter((attempt) => {
        const json = { ...attempt, created_at: iso(attempt.created_at), updated_at: iso(attempt.updated_at) };
        return attemptType.canonicalText(attemptType.parse(json, context)) !== attemptType.canonicalText(attempt);
      }),
    ];
    expect(changed).toEqual([]);
  });

  test('names each record once, and each attempt belongs to an event that its endpoint asked for', () => {
    const events = new Map(week.events.map((event) => [event.id, event]));
    expect(events.size).toBe(week.events.length);
    expect(new Set(week.attempts.map(({ id }) => id)).size).toBe(week.attempts.length);
    const endpoints = new Map(active.map((endpoint) => [endpoint.id, endpoint]));
    const unasked = week.attempts.filter((attempt) => {
      const [endpoint, event] = [endpoints.get(attempt.endpoint_id), events.get(attempt.event_id)];
      return endpoint === undefined || event === undefined || !accepts(endpoint, event);
    });
    expect(unasked).toEqual([]);
  });

  test('has logs of several kinds in the shapes that they have on chain', () => {
    const shapes = countBy(week.events, ({ topic2, topic3, data }) =>
      [topic2 !== null ? 2 : 1, topic3 !== null ? 1 : 0, data.length].join(),
    );
    expect([...shapes.keys()].sort()).toEqual(['2,0,258', '2,0,322', '2,0,66', '2,1,130', '2,1,2']);
  });

  test('is busiest in the afternoon and quiet before dawn, and quieter at the weekend', () => {
    const byHour = countBy(week.events, ({ ingested_at }) => new Date(ingested_at).getUTCHours());
    expect(byHour.get(15) ?? 0).toBeGreaterThan(2 * (byHour.get(3) ?? 0));
    const byDay = countBy(week.events, ({ ingested_at }) => new Date(ingested_at).getUTCDay());
    expect(byDay.get(3) ?? 0).toBeGreaterThan(1.2 * (byDay.get(0) ?? 0));
  });

  test('retries what failed until it succeeds or expires', () => {
    const deliveries = new Map<string, string[]>();
    for (const { event_id, endpoint_id, attempt_number, status } of week.attempts) {
      const key = `${event_id} ${endpoint_id}`;
      deliveries.set(key, [...(deliveries.get(key) ?? []), `${attempt_number} ${status}`]);
    }
    const courses = countBy([...deliveries.values()], (attempts) => attempts.join(', '));
    const ends = ['1 success', '2 success', '3 success', '4 success', '5 success', '5 expired'];
    const expected = ends.map((end) => {
      const failures = ['1 failed', '2 failed', '3 failed', '4 failed'].slice(0, Number(end.slice(0, 1)) - 1);
      return [...failures, end].join(', ');
    });
    // What the week's end or a lost outcome cut short is pending, or waits for its next attempt.
    const cut = [...courses.keys()].filter((course) => !expected.includes(course));
    expect(cut.filter((course) => !/^((\d) failed, )*\d (pending|failed)$/.test(course))).toEqual([]);
    expect([...courses.keys()]).toEqual(expect.arrayContaining(expected));
  });

  test('has one endpoint in trouble, the others well, and one that is switched off', () => {
    const failed = countBy(
      week.attempts.filter(({ status }) => status === 'failed' || status === 'expired'),
      ({ endpoint_id }) => endpoint_id,
    );
    const all = countBy(week.attempts, ({ endpoint_id }) => endpoint_id);
    const rate = (id: string): number => (failed.get(id) ?? 0) / (all.get(id) ?? 0);
    const troubled = endpointNamed('Stablecoin ledger');
    expect(rate(troubled)).toBeGreaterThan(0.1);
    for (const { id } of active.filter((endpoint) => endpoint.id !== troubled)) expect(rate(id)).toBeLessThan(0.08);
    expect(all.has(endpointNamed('Collection index (staging)'))).toBe(false);
    const errors = countBy(week.attempts, ({ http_status_code }) => http_status_code);
    for (const code of [200, 204, 429, 500, 503, null]) expect(errors.get(code) ?? 0).toBeGreaterThan(0);
  });

  test('knows nothing of what comes after its end: attempts under way are pending', () => {
    const until = WEEK.from + 12 * HOUR_MS;
    const cut = historyOf(subscribers, 'test', { from: WEEK.from, to: until }, until);
    expect(Math.max(...cut.attempts.map(({ updated_at }) => updated_at))).toBeLessThan(until);
    const pending = week.attempts.filter(({ status }) => status === 'pending');
    expect(pending.length).toBeGreaterThan(0);
    expect(pending.length).toBeLessThan(week.attempts.length / 1000);
  });
});

describe('live traffic', () => {
  const run = (seconds: number, rate: number) => {
    const traffic = new LiveTraffic(new EventFeed(subscribers), new Random('live'));
    const events: EventRecord[] = [];
    const attempts: AttemptRecord[] = [];
    for (let elapsed = 50; elapsed <= seconds * 1000; elapsed += 50) {
      const now = MONDAY + elapsed;
      const step = traffic.advance(now, Math.floor((elapsed * rate) / 1000));
      if (step.attempts.some(({ updated_at }) => updated_at > now)) throw new Error('told before it happened');
      events.push(...step.events);
      attempts.push(...step.attempts);
    }
    attempts.push(...traffic.finish().attempts);
    return { events, attempts, report: traffic.report };
  };

  test('keeps the rate, counting an attempt once', () => {
    const { attempts, report } = run(120, 20);
    const ids = new Set(attempts.map(({ id }) => id));
    expect(ids.size).toBe(report.attempts);
    expect(report.attempts).toBeGreaterThanOrEqual(2400);
    expect(report.attempts).toBeLessThan(2410);
  });

  test('tells of some attempts while they are pending, and of every outcome in the end', () => {
    const { attempts } = run(60, 20);
    const last = new Map(attempts.map((attempt) => [attempt.id, attempt.status]));
    expect([...last.values()].filter((status) => status === 'pending')).toEqual([]);
    const begun = attempts.filter(({ status }) => status === 'pending');
    expect(begun.length).toBeGreaterThan(0.2 * last.size);
    expect(begun.length).toBeLessThan(0.4 * last.size);
  });

  test('retries what failed, after its delay', () => {
    const { attempts } = run(300, 20);
    const retries = attempts.filter(({ attempt_number }) => attempt_number > 1);
    expect(retries.length).toBeGreaterThan(0);
    expect(Math.min(...retries.map(({ created_at }) => created_at))).toBeGreaterThanOrEqual(MONDAY + 30_000);
  });

  test('brings each event before its attempts', () => {
    const { events, attempts } = run(30, 20);
    const ids = new Set(events.map(({ id }) => id));
    expect(attempts.filter(({ event_id }) => !ids.has(event_id))).toEqual([]);
  });
});

test('simulated users have ids and addresses of their own', () => {
  const [first, second] = [simulatedTenant(1, MONDAY), simulatedTenant(2, MONDAY)];
  const ids = [first, second].flatMap(({ user, applications, endpoints }) =>
    [user, ...applications, ...endpoints].map(({ id }) => id),
  );
  expect(new Set(ids).size).toBe(12);
  expect(first.user.email).not.toBe(second.user.email);
});
