import { createContext } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** Whether the page hears of new audits by itself. */
export type Hearing = 'connecting' | 'live' | 'away';

export interface News {
  /** Counts up whenever there is something new to ask for. */
  readonly count: number;
  readonly hearing: Hearing;
}

/** The newest news, for whoever asks questions. */
export const LatestNews = createContext<News>({ count: 0, hearing: 'connecting' });

/** While audits keep coming, a view asks anew so often at most: its questions are not free. */
const ASK_EVERY_MS = 5_000;

/**
 * Listens for new audits while the page is looked at: a browser opens few connections to one server, and tabs in the
 * background must not hold them all. It connects again by itself where the connection breaks.
 */
export function useNews(): News {
  const [count, setCount] = useState(0);
  const [hearing, setHearing] = useState<Hearing>('connecting');
  useEffect(() => {
    let source: EventSource | null = null;
    let heardAtMs = Number.NEGATIVE_INFINITY;
    let waiting: ReturnType<typeof setTimeout> | undefined;
    let wasAway = false;
    const tell = () => {
      heardAtMs = Date.now();
      waiting = undefined;
      setCount((before) => before + 1);
    };
    const hear = () => {
      waiting ??= setTimeout(tell, Math.max(0, heardAtMs + ASK_EVERY_MS - Date.now()));
    };
    const connect = () => {
      source = new EventSource('/v1/events');
      source.addEventListener('audited', hear);
      source.addEventListener('open', () => {
        setHearing('live');
        if (wasAway) hear();
        wasAway = false;
      });
      source.addEventListener('error', () => {
        wasAway = true;
        setHearing('away');
      });
    };
    const follow = () => {
      source?.close();
      if (document.hidden) wasAway = true;
      else connect();
    };
    if (!document.hidden) connect();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      clearTimeout(waiting);
      source?.close();
    };
  }, []);
  return { count, hearing };
}
