import type { Metrics } from '../../platform/metrics.js';

const QUESTIONS = [1, 2, 5, 10, 20, 50, 100, 200, 500];

/** Adds how many questions go in one wave. Returns what is to be told of each. */
export function waveMetrics(metrics: Metrics): (question: string, size: number) => void {
  const sent = metrics.histogram({
    name: 'ethhook_wave_questions',
    help: 'Questions that went in one wave, which is one query.',
    labels: ['question'],
    buckets: QUESTIONS,
  });
  return (question, size) => sent({ question }, size);
}
