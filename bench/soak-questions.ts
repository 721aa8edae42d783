import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../src/simulation/random.js';
import { FIELDS } from './dashboard-sides.js';
import type { LiveUser } from './live-traffic.js';
import { ATTEMPTS_PAGE, EVENTS_PAGE } from './page-sides.js';

/** What came of the questions so far. */
export interface Asked {
  /** Of those that were to be answered, milliseconds, in order. */
  latencies: number[];
  refused: number;
  left: number;
  /** Answers that are none, or others than were due. */
  wrong: string[];
}

type Kind = 'answered' | 'refused' | 'left';

interface Question {
  readonly kind: Kind;
  readonly share: number;
  readonly query: () => string;
}

const DASHBOARD = `{ dashboardStats { totalEvents ${FIELDS} hourlyStats { hour ${FIELDS} } } }`;
const BREAKDOWN = `{ me { breakdown(by: ENDPOINT) { key ${FIELDS} } dailyStats { date ${FIELDS} } } }`;
const DEEP = `{ ${'me { applications { nodes { endpoints { nodes { application { '.repeat(20)}`;

const random = new Random('soak');

/** What is asked beside dashboards, by its share: what else pages show, and what clients do that are new, wrong or in a hurry. */
const QUESTIONS: readonly Question[] = [
  { kind: 'answered', share: 0.1, query: () => BREAKDOWN },
  { kind: 'answered', share: 0.1, query: () => ATTEMPTS_PAGE },
  { kind: 'answered', share: 0.05, query: () => EVENTS_PAGE },
  // A document that nobody has sent before.
  { kind: 'answered', share: 0.05, query: () => `{ me { id applications { nodes { id } } } } # ${random.fraction()}` },
  { kind: 'refused', share: 0.05, query: () => DEEP },
  { kind: 'left', share: 0.05, query: () => DASHBOARD },
];
const OTHERWISE: Question = { kind: 'answered', share: 0, query: () => DASHBOARD };
/** A client that leaves does so within this time, milliseconds. */
const LEAVES_WITHIN_MS = 20;
const WRONG_KEPT = 10;

/** Asks one of the questions as one of the users, and notes what came of it. */
export async function askSomething(graphqlUrl: string, users: readonly LiveUser[], asked: Asked): Promise<void> {
  const user = users[random.whole(0, users.length - 1)];
  const { kind, query } = pick();
  const leaving = new AbortController();
  const begun = performance.now();
  const answer = fetch(graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${user?.token}` },
    body: JSON.stringify({ query: query() }),
    signal: leaving.signal,
  }).then(async (response) => ({ status: response.status, text: await response.text() }));
  if (kind === 'left') {
    answer.catch(() => undefined);
    await delay(random.fraction() * LEAVES_WITHIN_MS);
    leaving.abort();
    asked.left++;
    return;
  }
  const { status, text } = await answer.catch((error: unknown) => ({ status: 0, text: String(error) }));
  if (kind === 'refused' && status === 400) asked.refused++;
  else if (kind === 'answered' && status === 200 && !text.includes('"errors"')) {
    asked.latencies.push(performance.now() - begun);
  } else if (asked.wrong.length < WRONG_KEPT) asked.wrong.push(`${status} ${text.slice(0, 300)}`);
}

function pick(): Question {
  let place = random.fraction();
  for (const question of QUESTIONS) {
    place -= question.share;
    if (place < 0) return question;
  }
  return OTHERWISE;
}
