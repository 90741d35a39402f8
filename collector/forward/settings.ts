import type { ForwardSettings } from '../../schemas/forward-settings.js';
import { acknowledgements } from '../../schemas/forward-settings.js';
import type { Destination, OwnPorts } from '../destination.js';
import { destinationOf } from '../destination.js';
import { StartError } from '../start-error.js';
import { durationUs } from '../store/questions/gate.js';

/** Where every trace request is passed on to, and when it is acknowledged. */
export interface Forwarding extends Destination {
  readonly acknowledge: (typeof acknowledgements)[number];
  readonly timeoutMs: number;
}

const ACKNOWLEDGE = 'WAYBILL_FORWARD_ACKNOWLEDGE';

/**
 * What the contract says of passing requests on, and the environment, which wins; null: nothing is passed on.
 *
 * @throws StartError that names what is wrong, and no secret
 */
export function forwardingOf(
  settings: ForwardSettings | undefined,
  env: Readonly<Record<string, string | undefined>>,
  own: OwnPorts,
): Forwarding | null {
  const destination = destinationOf('forward', '/v1/traces', settings, env, own);
  if (destination === null) return null;
  const wanted = env[ACKNOWLEDGE] || (settings?.acknowledge ?? 'forwarded');
  const acknowledge = acknowledgements.find((one) => one === wanted);
  if (acknowledge === undefined) {
    throw new StartError(`${ACKNOWLEDGE}: '${wanted}' will not do; give ${acknowledgements.join(' or ')}.`);
  }
  return { ...destination, acknowledge, timeoutMs: durationUs(settings?.timeout ?? '5s') / 1_000 };
}
