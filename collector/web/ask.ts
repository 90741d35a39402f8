import { useEffect, useState } from 'preact/hooks';

/** An answer on its way, come, or failed with a text for people. */
export type Asked<T> =
  | { readonly state: 'waiting' }
  | { readonly state: 'answered'; readonly answer: T }
  | { readonly state: 'failed'; readonly message: string };

/**
 * Asks the API, and again when the question changes.
 *
 * @param question path and query below `/v1/`. The server's own schema checks the answer, so its type is trusted here
 */
export function useAnswer<T>(question: string): Asked<T> {
  const [asked, setAsked] = useState<Asked<T>>({ state: 'waiting' });
  useEffect(() => {
    const gone = new AbortController();
    setAsked({ state: 'waiting' });
    ask<T>(question, gone.signal).then(
      (answer) => setAsked({ state: 'answered', answer }),
      (error: unknown) => {
        if (gone.signal.aborted) return;
        setAsked({ state: 'failed', message: error instanceof Error ? error.message : String(error) });
      },
    );
    return () => gone.abort();
  }, [question]);
  return asked;
}

async function ask<T>(question: string, signal: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/v1/${question}`, { signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Error('Waybill does not answer. Check that `waybill serve` still runs, then load the page again.', {
      cause: error,
    });
  }
  // The session is over, or its key was revoked.
  if (response.status === 401) location.assign('/login');
  if (!response.ok) throw new Error(messageOf(await response.json()));
  const answer: T = await response.json();
  return answer;
}

function messageOf(body: unknown): string {
  if (typeof body === 'object' && body !== null && 'error' in body) {
    const { error } = body;
    if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  }
  return 'Waybill could not answer, and did not say why.';
}
