import { leadsHere } from '../destination.js';
import { StartError } from '../start-error.js';

/** The setting by which they are asked for: where OTLP/HTTP is taken. */
const OWN_TRACES = 'WAYBILL_OWN_TRACES';

/**
 * Reads where own traces are to go; null: nowhere.
 *
 * @param otlpPort where Waybill itself listens: it would never come to an end with its own traces
 * @throws StartError where it is no address, or Waybill's own
 */
export function ownTracesUrl(env: NodeJS.ProcessEnv, otlpPort: number): URL | null {
  const text = env[OWN_TRACES] ?? '';
  if (text === '') return null;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new StartError(`${OWN_TRACES}: '${text}' is no address; it looks like http://collector:4318.`);
  }
  const url = new URL(text);
  if (leadsHere(url, [otlpPort])) {
    throw new StartError(
      `${OWN_TRACES} names this Waybill itself: each trace that it sends would make it send another.`,
    );
  }
  if (url.pathname === '/') url.pathname = '/v1/traces';
  return url;
}
