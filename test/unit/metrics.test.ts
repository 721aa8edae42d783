import { expect, test } from '@jest/globals';
import { Metrics } from '../../src/platform/metrics.js';

test('what cannot be read is left out of a scrape, and the rest is there', async () => {
  const metrics = new Metrics();
  let known = true;
  metrics.gauge({
    name: 'water_level_metres',
    help: 'How high the water stands.',
    labels: ['river'],
    samples: async () => {
      if (!known) throw new Error('the gauge is away');
      return [{ labels: { river: 'Rhine' }, value: 3.5 }];
    },
  });
  metrics.counter({ name: 'ships_total', help: 'Ships that passed.', samples: () => [{ value: 7 }] });
  metrics.gauge({ name: 'never_told', help: 'Waited for in vain.', samples: () => new Promise(() => undefined) });

  expect(await metrics.text()).toContain('water_level_metres{river="Rhine"} 3.5\n');
  known = false;
  const text = await metrics.text();
  expect(text).not.toContain('water_level_metres{');
  expect(text).not.toMatch(/^never_told /m);
  expect(text).toContain('ships_total 7\n');
});
