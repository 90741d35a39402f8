import { setTimeout as sleep } from 'node:timers/promises';
import { otlpJson } from '../support/otlp-json.js';
import { trace } from '../support/trace.js';

/** Of one run: the same spans go to the fleet and, later, to one process alone. */
const START_US = Date.now() * 1_000;

/**
 * A trace in two requests: the entry, and what is below it. By its number it is whole, loses its tenant or its
 * feature at a hop, has its tenant rewritten, has an echo above the call, a call without usage, or two calls.
 */
export function requestsOf(number: number): readonly string[] {
  const at = { startUs: START_US + number * 1_000, endUs: START_US + number * 1_000 + 900 };
  const carried = { tenant: ['acme', 'globex', 'initech'][number % 3], feature: 'chat', policy: 'pro-monthly' };
  const web = trace(number).station('web', carried, at);
  const agent = web.station('agent', number % 7 === 0 ? { ...carried, feature: undefined } : carried, at);
  const lost = number % 5 === 0 ? { ...carried, tenant: number % 10 === 0 ? undefined : 'shared-pool' } : carried;
  const gateway = agent.station('litellm', lost, at);
  const usage = number % 11 === 0 ? null : { inputTokens: 1 + (number % 9_973), outputTokens: 1 + (number % 997) };
  const call = gateway.call(number % 2 === 0 ? 'gpt-4o' : 'gpt-4o-mini', usage, { span: at });
  if (number % 4 === 0) call.call('gpt-4o', usage, { span: at });
  if (number % 3 === 0) gateway.call('gpt-4o', { inputTokens: 7, outputTokens: number % 13 }, { span: at });
  const [entry, ...rest] = web.spans;
  return [entry === undefined ? [] : [entry], rest].map((spans) => JSON.stringify(otlpJson(spans)));
}

/** What became of requests. */
export interface Tally {
  taken: number;
  /** Answers that said to come again later. */
  refused: number;
  /** Requests that were never answered. */
  cut: number;
}

/** Sends a request until it is taken, to one receiver after the other. @param urls where they are now */
export async function sendUntilTaken(
  urls: () => readonly string[],
  first: number,
  body: string,
  tally: Tally,
): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const all = urls();
    const url = all[(first + attempt) % all.length] ?? '';
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url, { method: 'POST', headers, body }).catch(() => null);
    const said = await answer?.text().catch(() => '');
    if (answer?.status === 200) {
      tally.taken += 1;
      return;
    }
    if (answer === null) tally.cut += 1;
    else if (answer.status === 503 || answer.status === 429) tally.refused += 1;
    else throw new Error(`The receiver answered ${answer.status}: ${said}`);
    await sleep(50);
  }
}
