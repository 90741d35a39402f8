import { useContext, useEffect, useState } from 'preact/hooks';
import { LatestNews } from './live.js';

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
 */
export function useAnswer<T>(question: string | null): Asked<T> {
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
  }, [question, count]);
  return last.question === question ? last.asked : WAITING;
}

/** Asks the API once. @throws Error with a text for people */
export async function ask<T>(question: string, signal?: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/v1/${question}`, signal === undefined ? {} : { signal });
  } catch (error) {
    if (signal?.aborted === true) throw error;
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
