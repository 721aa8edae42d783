import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { differenceOf } from '../support/accepted.js';
import { Rehearsal } from '../support/rehearsal.js';
import { FORM } from './form.js';

let rehearsal: Rehearsal;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ethhook-rehearsal-'));
  rehearsal = await Rehearsal.start(FORM);
}, 300_000);
afterAll(async () => {
  await rehearsal?.close();
  rmSync(folder, { recursive: true });
}, 120_000);

async function trafficFlows(): Promise<void> {
  await delay(FORM.trafficSeconds * 1_000);
  await rehearsal.traffic.correct(FORM.corrections);
}

/** A step is taken, every process follows, and every number is right after some traffic. */
async function step(
  to: 'postgres' | 'dual_write' | 'cutover' | 'complete',
  ...command: readonly string[]
): Promise<void> {
  await rehearsal.command(...command);
  await rehearsal.follows(to);
  await trafficFlows();
  await rehearsal.expectExact();
}

test('the move of a live product, there, back and there again, shows nobody a wrong number', async () => {
  await rehearsal.expectExact();
  await step('dual_write', 'phase', 'dual_write', '--reason', 'rehearsal');

  await rehearsal.command('backfill', '--dry-run');
  for (let kill = 0; kill < FORM.kills; kill++) {
    expect(await rehearsal.killBackfill(Math.floor(Math.random() * 200))).toBe(true);
  }
  await rehearsal.command('backfill');
  expect(await rehearsal.command('backfill', '--rejected', '--limit', '3')).toContain('older than the retention');
  expect(await rehearsal.command('verify')).toMatch(/^Everything compared .*: no difference\.$/m);
  await rehearsal.expectExact();

  await rehearsal.command('phase');
  await step('cutover', 'cutover', '--reason', 'verified');
  await step('dual_write', 'rollback', '--reason', 'a drill');
  expect(await rehearsal.command('verify')).toMatch(/^Everything compared .*: no difference\.$/m);
  await step('cutover', 'cutover', '--reason', 'verified again');
  const backup = join(folder, 'history.sql');
  await step('complete', 'finalize', '--force', '--drop-postgres-tables', '--backup', backup);
  expect(readFileSync(backup, 'utf8')).toContain('COPY');

  await rehearsal.rest();
  const { stack, traffic } = rehearsal;
  await stack.drained(['clickhouse'], FORM.withinSeconds);
  expect(
    differenceOf('attempts', await stack.attemptsIn('clickhouse'), traffic.accepted.attemptRows('clickhouse')),
  ).toBeNull();
  expect(differenceOf('events', await stack.eventsIn('clickhouse'), traffic.accepted.eventRows())).toBeNull();
  expect(await stack.deadLetters()).toEqual([]);
  rehearsal.readers.expectNoFailure();
}, 1_800_000);
