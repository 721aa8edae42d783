import { describe, expect, test } from '@jest/globals';
import { barChart } from '../../bench/bar-chart.js';
import { canonicalNumbers, type HourNumbers } from '../../bench/dashboard-sides.js';
import { Answer } from '../../bench/http-load.js';
import { BLOCK_ROWS, ingestRows } from '../../bench/ingest-rows.js';
import { fromJson, type KeptReport, toJson } from '../../bench/kept-reports.js';
import { latencies } from '../../bench/live-latencies.js';
import { measureAlternately, sized } from '../../bench/measure.js';
import { hasFailed, toMarkdown, toText } from '../../bench/report.js';
import { attemptType } from '../../src/records/attempt.js';
import { ENTRY_FORMS } from '../../src/records/names.js';
import { streamEntry } from '../../src/stores/redis/stream-entry.js';
import { decodeEntry } from '../support/rows.js';

const options = {
  warmUps: 1,
  rounds: 4,
  budgetMs: 1_000,
  timeoutMs: 1_000,
  signal: new AbortController().signal,
};

describe('measuring', () => {
  test('runs the sides alternately, each round beginning with another one', async () => {
    const order: string[] = [];
    const side = (name: string) => ({ name, run: async () => order.push(name) });
    const measured = await measureAlternately([side('a'), side('b')], options);
    expect(order.join('')).toBe('abab' + 'baab' + 'ba');
    expect(measured.map(({ samples }) => samples)).toEqual([4, 4]);
  });

  test('prepares each run, untimed', async () => {
    const order: string[] = [];
    const prepare = async () => order.push('prepare');
    const side = { name: 'a', prepare, run: async () => order.push('run') };
    await measureAlternately([side], { ...options, rounds: 1 });
    expect(order).toEqual(['prepare', 'run', 'prepare', 'run']);
  });

  test('takes a side out that runs out of time, and goes on with the others', async () => {
    let runs = 0;
    const hanging = { name: 'hanging', run: () => new Promise<void>(() => runs++) };
    const quick = { name: 'quick', run: () => Promise.resolve() };
    const [first, second] = await measureAlternately([hanging, quick], { ...options, timeoutMs: 20 });
    expect(runs).toBe(1);
    expect(first).toMatchObject({ samples: 0, timedOutAfterMs: 20 });
    expect(second).toMatchObject({ samples: 4, timedOutAfterMs: null });
  });

  test('fails where a side fails', async () => {
    const broken = { name: 'broken', run: () => Promise.reject(new Error('no table')) };
    await expect(measureAlternately([broken], options)).rejects.toThrow('no table');
  });
});

describe('a report', () => {
  const side = { samples: 9, timedOutAfterMs: null, p10Ms: 1, p90Ms: 8, p95Ms: 9 };
  const report: KeptReport = {
    name: 'example',
    machine: '2 cores',
    measuredOn: '2026-03-01',
    title: 'An example',
    scale: 0.1,
    about: 'Two sides.',
    comparisons: [
      {
        title: 'A & B',
        baseline: 'a',
        sides: [
          { ...side, name: 'a', p50Ms: 2 },
          { ...side, name: 'b', p50Ms: 5 },
          { ...side, name: 'c', samples: 0, timedOutAfterMs: 60_000, p50Ms: Number.NaN },
        ],
      },
    ],
    claims: [{ text: 'b is within 2 times a', holds: false }],
  };

  test('shows ratios to the baseline, sides that ran out of time, and claims that do not hold', () => {
    for (const text of [toText(report), toMarkdown(report, ['chart.svg'])]) {
      expect(text).toMatch(/b .*5\.0.*2\.50/);
      expect(text).toContain('> 60 s');
      expect(text).toContain('NOT HELD: b is within 2 times a');
    }
    expect(hasFailed(report)).toBe(true);
  });

  test('shows requests a second and errors of sides under load', () => {
    const [comparison] = report.comparisons;
    const loads = [100, 350].map((perSecond) => ({ perSecond, errors: 0 }));
    const sides = (comparison?.sides ?? []).slice(0, 2).map((side, index) => ({ ...side, load: loads[index] }));
    const underLoad = { ...report, comparisons: [{ title: 'A & B', baseline: 'a', sides }] };
    expect(toText(underLoad)).toMatch(/b +350 +3\.50 +5\.0 /);
    expect(toMarkdown(underLoad, ['chart.svg'])).toContain('| b | 350 | 3.50 | 5.0 |');
    expect(sides.length).toBe(2);
  });

  test('shows rows a second where rows are what is measured', () => {
    const rows = { ...report, comparisons: report.comparisons.map((each) => ({ ...each, rows: 10_000 })) };
    expect(toText(rows)).toMatch(/b .*2\.50 +2,000,000/);
  });

  test('shows sizes of sides that are weighed', () => {
    const sides = [sized('a', 2 ** 20), sized('b', 10 * 2 ** 20)];
    const weighed = { ...report, comparisons: [{ title: 'A & B', baseline: 'a', sides }] };
    expect(toText(weighed)).toMatch(/b +10\.0 +10\.00/);
    expect(barChart({ title: 'A & B', baseline: 'a', sides })).toContain('10.0 MiB');
  });

  test('is the same after it was kept, sides without figures too', () => {
    expect(fromJson(toJson(report))).toEqual(report);
  });

  test('says when and on what it was measured', () => {
    expect(toMarkdown(report, ['chart.svg'])).toContain('Scale 0.1, 2026-03-01, 2 cores.');
  });

  test('has a chart with a bar a side', () => {
    const [comparison] = report.comparisons;
    const svg = comparison === undefined ? '' : barChart(comparison);
    expect(svg.match(/<rect /g)).toHaveLength(3);
    expect(svg).toContain('A &amp; B');
    expect(svg).not.toContain('NaN');
  });
});

describe('an answer over the wire', () => {
  const partsOf = (text: string, size: number): Buffer[] =>
    Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
      Buffer.from(text.slice(index * size, (index + 1) * size)),
    );
  const answers = [
    'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"data":{}}',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{"data":{}}\r\n0\r\n\r\n',
  ];

  test.each(answers)('ends where its length or its last chunk says, however it is cut: %j', (text) => {
    for (let size = 1; size <= text.length; size++) {
      const answer = new Answer();
      for (const part of partsOf(text, size)) {
        expect(answer.isWhole).toBe(false);
        answer.push(part);
      }
      expect([answer.isWhole, answer.isOk, answer.has(Buffer.from('"data"'))]).toEqual([true, true, true]);
      expect(answer.has(Buffer.from('"errors"'))).toBe(false);
    }
  });

  test('is not right with another status', () => {
    const answer = new Answer();
    answer.push(Buffer.from('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'));
    expect([answer.isWhole, answer.isOk]).toEqual([true, false]);
  });
});

test('every form of entry brings the same rows that are inserted directly', () => {
  const time = Date.parse('2026-03-01T12:00:00.000Z');
  const rows = ingestRows(300, time);
  const [json, ...others] = ENTRY_FORMS.map((form) =>
    rows.entries[form].flatMap((value) => {
      return decodeEntry(attemptType, streamEntry(`${time}-0`, [Buffer.from(form), value]), 30).records;
    }),
  );
  expect(json).toHaveLength(300);
  for (const other of others) expect(other).toEqual(json);
  expect(rows.jsonBlocks).toEqual([Buffer.from(rows.entries.record.map((line) => `${line}\n`).join(''))]);
  expect(rows.rowBinaryBlocks).toHaveLength(Math.ceil(300 / BLOCK_ROWS));
});

test('answers are the same whatever the order of hours, and without pending attempts where a side has none', () => {
  const hour = (number: number, pending: number): HourNumbers => ({
    hour: number * 3_600_000,
    attempts: 3 + pending,
    successes: 3,
    failures: 0,
    expired: 0,
    pending,
    retries: 0,
    avgLatencyMs: 2,
    minLatencyMs: 1,
    maxLatencyMs: 3,
    p50LatencyMs: 2,
    p95LatencyMs: 3,
    p99LatencyMs: 3,
  });
  const complete = { totalEvents: 4, hours: [hour(2, 1), hour(1, 0)] };
  const terminal = { totalEvents: null, hours: [hour(1, 0), hour(2, 0)] };
  expect(canonicalNumbers(complete, false)).toBe(canonicalNumbers(terminal, false));
  expect(canonicalNumbers(complete, true)).not.toBe(canonicalNumbers({ ...complete, totalEvents: 5 }, true));
  expect(canonicalNumbers(complete, true)).not.toBe(canonicalNumbers({ ...complete, hours: [hour(1, 0)] }, true));
});

test('an attempt has reached a subscriber with the first message that counts it', () => {
  const sent = [1, 2, 3, 4].map((attempts) => ({ attempts, at: attempts * 10 }));
  const told = [
    { attempts: 0, at: 5 },
    { attempts: 2, at: 50 },
    { attempts: 3, at: 60 },
  ];
  expect(latencies(sent, told)).toEqual([40, 30, 30]);
});
