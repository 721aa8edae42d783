/** How large a rehearsal is: the short form is part of `npm test`, the long one is `npm run rehearse`. */
interface RehearsalForm {
  readonly tenants: number;
  /** Days of history before the move, */
  readonly days: number;
  /** and the attempts and events of each. */
  readonly rowsPerDay: number;
  /** How often the backfill is killed. */
  readonly kills: number;
  /** Records that are sent a second, about. */
  readonly rate: number;
  /** How long traffic flows between two stops, seconds. */
  readonly trafficSeconds: number;
  /** Attempts that are sent again and then corrected before each second stop: the audit has a minute for their sums. */
  readonly corrections: number;
  /** How long a stop waits until every number is right, seconds. */
  readonly withinSeconds: number;
  /** Whether each command is shown with what it prints. */
  readonly isShown: boolean;
}

const FORMS: Readonly<Record<string, RehearsalForm>> = {
  short: {
    tenants: 2,
    days: 8,
    rowsPerDay: 60,
    kills: 3,
    rate: 40,
    trafficSeconds: 1,
    corrections: 0,
    withinSeconds: 120,
    isShown: false,
  },
  long: {
    tenants: 4,
    days: 28,
    rowsPerDay: 400,
    kills: 10,
    rate: 100,
    trafficSeconds: 10,
    corrections: 20,
    withinSeconds: 150,
    isShown: true,
  },
};

/** Set by the jest configuration that runs: `jest.config.js` the short one, `jest.rehearsal.config.js` the long one. */
const name: unknown = Reflect.get(globalThis, 'REHEARSAL_FORM');

export const FORM: RehearsalForm = formNamed(String(name));

function formNamed(form: string): RehearsalForm {
  const found = FORMS[form];
  if (found === undefined) throw new Error(`there is no form "${form}" of the rehearsal`);
  return found;
}
