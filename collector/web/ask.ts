import { useContext, useEffect, useState } from 'preact/hooks';
import { LatestNews } from './live.js';

/** So many questions of one list are under way at a time: each may take ClickHouse a core. */
const AT_A_TIME = 2;

/** An answer on its way, come, or failed with a text for people. */
export type Asked<T> =
  | { readonly state: 'waiting' }
  | { readonly state: 'answered'; readonly answer: T }
  | { readonly state: 'failed'; readonly message: string };

const WAITING = { state: 'waiting' } as const;

/**
 * Asks the API, again when the question changes, and again when there are new audits; until the newer answer has
 * come, the older stays.
 *
 * @param question path and query below `/v1/`; null: nothing is asked. The server's own schema checks the answer, so
 *   its type is trusted here
 * @param again another number asks again
 */
export function useAnswer<T>(question: string | null, again = 0): Asked<T> {
  const { count } = useContext(LatestNews);
  const [last, setLast] = useState<{ readonly question: string | null; readonly asked: Asked<T> }>({
    question,
    asked: WAITING,
  });
  useEffect(() => {
    if (question === null) return;
    const gone = new AbortController();
    ask<T>(question, gone.signal).then(
      (answer) => setLast({ question, asked: { state: 'answered', answer } }),
      (error: unknown) => {
        if (gone.signal.aborted) return;
        setLast({ question, asked: { state: 'failed', message: messageOf(error) } });
      },
    );
    return () => gone.abort();
  }, [question, count, again]);
  return last.question === question ? last.asked : WAITING;
}

/** Asks several questions, a few at a time, and again when there are new audits. The answers come one by one. */
export function useAnswers<T>(questions: readonly string[]): ReadonlyMap<string, Asked<T>> {
  const { count } = useContext(LatestNews);
  const [answers, setAnswers] = useState<ReadonlyMap<string, Asked<T>>>(new Map());
  const list = questions.join('\n');
  useEffect(() => {
    const gone = new AbortController();
    const waiting = list === '' ? [] : list.split('\n');
    const keep = (question: string, asked: Asked<T>) => {
      if (!gone.signal.aborted) setAnswers((before) => new Map(before).set(question, asked));
    };
    const askOn = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined && !gone.signal.aborted; next = waiting.shift()) {
        const question = next;
        await ask<T>(question, gone.signal).then(
          (answer) => keep(question, { state: 'answered', answer }),
          (error: unknown) => keep(question, { state: 'failed', message: messageOf(error) }),
        );
      }
    };
    for (let i = 0; i < AT_A_TIME; i++) void askOn();
    return () => gone.abort();
  }, [list, count]);
  return answers;
}

/** Asks the API once. @throws Error with a text for people */
export async function ask<T>(question: string, signal?: AbortSignal): Promise<T> {
  return answerTo<T>(question, signal === undefined ? {} : { signal });
}

/** Tells the API to put something in the place of what was there. @throws Error with a text for people */
export async function put(path: string, what: object): Promise<void> {
  // With the header that no other site can set: the session alone changes nothing.
  const headers = { 'content-type': 'application/json', 'x-waybill-request': 'page' };
  await answerTo<unknown>(path, { method: 'PUT', headers, body: JSON.stringify(what) });
}

/** Tells the API to take something away. @param path with a query. @throws Error with a text for people */
export async function remove(path: string): Promise<void> {
  await answerTo<unknown>(path, { method: 'DELETE', headers: { 'x-waybill-request': 'page' } });
}

async function answerTo<T>(path: string, request: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/v1/${path}`, request);
  } catch (error) {
    if (request.signal?.aborted === true) throw error;
    throw new Error('Waybill does not answer. Check that `waybill serve` still runs, then load the page again.', {
      cause: error,
    });
  }
  // The session is over, or its key was revoked.
  if (response.status === 401) location.assign('/login');
  if (!response.ok) throw new Error(reasonIn(await response.json().catch(() => null)));
  const answer: T = await response.json();
  return answer;
}

/** The text of an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function reasonIn(body: unknown): string {
  if (typeof body === 'object' && body !== null && 'error' in body) {
    const { error } = body;
    if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  }
  return 'Waybill could not answer, and did not say why.';
}
