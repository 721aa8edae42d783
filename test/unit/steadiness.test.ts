import { expect, test } from '@jest/globals';
import { halvesOf, isSteady } from '../../bench/steadiness.js';

const LIMIT = 1.1;

test('a process is steady that has grown in its warm-up alone, whatever a moment shows', () => {
  const halves = halvesOf([50, 80, 90, 100, 101, 300, 100, 99, 102]);
  expect(halves).toEqual({ first: 101, second: 100 });
  expect(isSteady(halves, LIMIT)).toBe(true);
});

test('a process that goes on growing is not steady, nor is one that was not looked at', () => {
  const halves = halvesOf([50, 80, 90, 100, 110, 120, 130, 140, 150]);
  expect(halves).toEqual({ first: 110, second: 140 });
  expect(isSteady(halves, LIMIT)).toBe(false);
  expect(isSteady(halvesOf([100]), LIMIT)).toBe(false);
  expect(isSteady(halvesOf([]), LIMIT)).toBe(false);
});
