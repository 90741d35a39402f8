import type { Logger } from 'pino';
import type { Rounds } from '../../rounds.js';
import { startRounds } from '../../rounds.js';
import type { Store } from '../client.js';
import type { DailyQuestion } from './by-day.js';
import { askByDay } from './by-day.js';
import { gapsOfDay } from './call-gaps.js';
import { beginningsOfDay, LOOK_BACK_US } from './gap-beginnings.js';
import { resolvedOfDay } from './gate.js';
import { fatesOfDay } from './policy-fit.js';
import { routesOfDay } from './routes.js';
import type { Window } from './scope.js';
import { DAY_US } from './scope.js';
import { scopesOfDay } from './scopes.js';
import { alikeOfDay } from './tally.js';

/** Days that are over change seldom: by late audits, and by merges. */
const INTERVAL_MS = 600_000;

/** A month, and a day more since windows end at any hour. */
const WINDOW_DAYS = 31;

type Ask = (store: Store, window: Window) => Promise<unknown>;

const about = <Row>(question: DailyQuestion<Row>): Ask => {
  return (store, window) => askByDay(store, question, {}, window);
};

const beginnings = about(beginningsOfDay);

/** What the page asks about everything, in the order in which a person who opens it waits for them. */
const FORESEEN: readonly Ask[] = [
  about(alikeOfDay),
  about(gapsOfDay),
  about(scopesOfDay),
  about(resolvedOfDay),
  beginnings,
  about(fatesOfDay),
  about(routesOfDay),
];

/**
 * Asks what the page will ask of days that are over, newest first, one question of one day at a time, as long as there
 * is room to keep the answers: so nobody has to wait for them. What is kept already costs nothing.
 */
export async function warmDays(store: Store, nowUs: number, isStopped: () => boolean = () => false): Promise<void> {
  const { daySums } = store;
  if (daySums === undefined) return;
  const today = Math.floor(nowUs / DAY_US);
  const isForeseen = (day: number): boolean => day < today && day >= today - LOOK_BACK_US / DAY_US;
  const days = [...(await daySums.states()).keys()].filter(isForeseen).toSorted((a, b) => b - a);
  for (const day of days) {
    for (const ask of day >= today - WINDOW_DAYS ? FORESEEN : [beginnings]) {
      if (isStopped() || !daySums.hasRoom()) return;
      await ask(store, { fromUs: day * DAY_US, toUs: (day + 1) * DAY_US });
    }
  }
}

/** Does so at once, and again from time to time. */
export function startWarmDays(store: Store, clockUs: () => number, log: Logger): Rounds {
  const rounds: Rounds = startRounds(() => warmDays(store, clockUs(), rounds.isStopped), {
    intervalMs: INTERVAL_MS,
    longestBackoffMs: INTERVAL_MS,
    log,
    words: {
      waits: 'What days came to is found when it is asked for, until ClickHouse answers',
      fails: 'What days came to is found when it is asked for, since finding it before failed',
      goesOn: 'What days came to is found before it is asked for again',
    },
  });
  rounds
    .next()
    .catch((error: unknown) => log.warn({ err: error }, 'What days came to was not found before it is asked for'));
  return rounds;
}
