import { test } from '@jest/globals';

/** How much of each fault: the short form is part of `npm test`, the long one is `npm run test:faults`. */
export interface FaultForm {
  /** Kills of the worker at each of its steps, and at random. */
  readonly workerKills: number;
  readonly clickhouseKills: number;
  /** Renames that ClickHouse is killed after, one by one, counted from the start of an insert. */
  readonly renames: number;
  readonly postgresKills: number;
  readonly redisKills: number;
  /** How long a server or the network is away, seconds. */
  readonly outageSeconds: number;
  /** How long a worker is suspended, seconds: more than the 4 s after which it is taken for dead. */
  readonly suspendedSeconds: number;
  /** Restarts of one gateway and one worker at a time. */
  readonly restarts: number;
  /** Between them, seconds. */
  readonly restartSeconds: number;
  /** Records a second while a fault lasts. */
  readonly rate: number;
  /** How long after the end of a fault everything has to be right, seconds. */
  readonly withinSeconds: number;
  /** Whether every sum is waited for too where only the audit can mend it: that takes up to a minute. */
  readonly awaitsAudit: boolean;
}

const FORMS: Readonly<Record<string, FaultForm>> = {
  short: {
    workerKills: 1,
    clickhouseKills: 1,
    renames: 1,
    postgresKills: 1,
    redisKills: 1,
    outageSeconds: 3,
    suspendedSeconds: 6,
    restarts: 2,
    restartSeconds: 1,
    rate: 500,
    // It runs beside other tests.
    withinSeconds: 150,
    awaitsAudit: false,
  },
  long: {
    workerKills: 13,
    clickhouseKills: 20,
    renames: 10,
    postgresKills: 5,
    redisKills: 5,
    outageSeconds: 120,
    suspendedSeconds: 15,
    restarts: 30,
    restartSeconds: 10,
    rate: 500,
    withinSeconds: 60,
    awaitsAudit: true,
  },
};

/** Set by the jest configuration that runs: `jest.config.js` the short one, `jest.faults.config.js` the long one. */
const name: unknown = Reflect.get(globalThis, 'FAULT_FORM');

export const FORM: FaultForm = formNamed(String(name));

/** A test of the long form alone. */
export const longTest: (name: string, act: () => Promise<void>, timeoutMs: number) => void =
  name === 'long' ? test : () => undefined;

function formNamed(form: string): FaultForm {
  const found = FORMS[form];
  if (found === undefined) throw new Error(`there is no form "${form}" of the fault suite`);
  return found;
}
