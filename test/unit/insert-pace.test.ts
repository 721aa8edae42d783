import { describe, expect, test } from '@jest/globals';
import { InsertPace } from '../../ingest-worker/insert-pace.js';
import { UpstreamError } from '../../src/platform/errors.js';

const tooManyParts = new UpstreamError('clickhouse', 'too many parts', {
  cause: null,
  kind: 'unavailable',
  code: '252',
});
const late = new UpstreamError('clickhouse', 'took too long', { cause: null, kind: 'timeout' });

describe('the pace of inserts', () => {
  test('slows down while ClickHouse has too many parts, and gets back to full speed by itself', async () => {
    const pace = new InsertPace(async () => true);
    expect(pace.pauseMs).toBe(0);
    const pauses: number[] = [];
    for (let refusal = 0; refusal < 7; refusal++) {
      await pace.failed(tooManyParts);
      pauses.push(pace.pauseMs);
    }
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    for (let insert = 0; insert < 6; insert++) pace.done();
    expect(pace.pauseMs).toBe(0);
  });

  test('waits longer for a server that answers and is slow, and no longer for one that is silent', async () => {
    let answers = true;
    const pace = new InsertPace(async () => answers);
    const patience: number[] = [];
    for (let timeout = 0; timeout < 4; timeout++) {
      await pace.failed(late);
      patience.push(pace.patienceMs);
    }
    expect(patience).toEqual([40_000, 80_000, 120_000, 120_000]);
    answers = false;
    await pace.failed(late);
    expect(pace.patienceMs).toBe(20_000);
  });

  test('is not changed by other errors', async () => {
    const pace = new InsertPace(async () => true);
    await pace.failed(new UpstreamError('clickhouse', 'away', { cause: null, kind: 'unavailable' }));
    await pace.failed(new Error('given up'));
    expect([pace.pauseMs, pace.patienceMs]).toEqual([0, 20_000]);
  });
});
