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

/** Listens for new audits. The browser connects again by itself where the connection breaks. */
export function useNews(): News {
  const [count, setCount] = useState(0);
  const [hearing, setHearing] = useState<Hearing>('connecting');
  useEffect(() => {
    const source = new EventSource('/v1/events');
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
    source.addEventListener('audited', hear);
    source.addEventListener('open', () => {
      setHearing('live');
      if (wasAway) hear();
    });
    source.addEventListener('error', () => {
      wasAway = true;
      setHearing('away');
    });
    return () => {
      clearTimeout(waiting);
      source.close();
    };
  }, []);
  return { count, hearing };
}
