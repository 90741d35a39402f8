import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { connectDownstream } from './downstream.js';
import type { AsReceived } from '../otlp/as-received.js';
import type { ForwardMetrics } from './metrics.js';
import { NotForwarded } from './not-forwarded.js';
import type { QueueOptions } from './queue.js';
import { startQueue } from './queue.js';
import type { Said } from './read-answer.js';
import type { Forwarding } from './settings.js';

/** Passes requests on. */
export interface Forwarder extends AsyncDisposable {
  /** @throws NotForwarded where a request has been here before */
  readonly refuseLoop: (received: AsReceived) => void;
  /**
   * Passes a request on that is stored, and says what downstream said; or takes it, where that is all that is
   * acknowledged.
   *
   * @throws NotForwarded with words for the sender
   */
  readonly pass: (received: AsReceived) => Promise<Said>;
}

const LATER = 'Send them again: what is stored twice counts once.';
const NEVER = 'To send them again will not help.';

/** Starts to pass requests on. */
export function startForwarder(
  forwarding: Forwarding,
  metrics: ForwardMetrics,
  log: Logger,
  bounds: Pick<QueueOptions, 'maxBytes' | 'giveUpMs' | 'lastWordsMs'> = {},
): Forwarder {
  const pseudonym = `waybill-${randomUUID()}`;
  const downstream = connectDownstream(forwarding, pseudonym);
  const { host } = forwarding.url;

  async function pass(received: AsReceived): Promise<Said> {
    const startMs = performance.now();
    const count = (outcome: 'forwarded' | 'later' | 'refused'): void =>
      metrics.attempted(outcome, (performance.now() - startMs) / 1_000);
    try {
      const said = await downstream.post(received);
      count('forwarded');
      return { ...said, message: said.message === '' ? '' : `${host} says: ${said.message}` };
    } catch (error) {
      if (!(error instanceof NotForwarded)) throw error;
      const { status, message, retryAfterSeconds } = error;
      count(retryAfterSeconds === null ? 'refused' : 'later');
      // Not what downstream says: it may quote what was sent.
      log.warn({ downstream: host, status }, 'A request is stored, and was not passed on');
      const advice = retryAfterSeconds === null ? NEVER : LATER;
      throw new NotForwarded(
        status,
        `The spans are stored, and were not passed on: ${message.replace(/\.?$/, '.')} ${advice}`,
        retryAfterSeconds,
      );
    }
  }

  const refuseLoop = ({ via }: AsReceived): void => {
    if (via?.includes(pseudonym) !== true) return;
    throw new NotForwarded(508, 'This request was passed on by this very Waybill: forward leads back to it.');
  };

  if (forwarding.acknowledge === 'forwarded') {
    return { refuseLoop, pass, [Symbol.asyncDispose]: async () => downstream[Symbol.dispose]() };
  }
  const queue = startQueue({ send: pass, metrics, ...bounds });
  return {
    refuseLoop,
    pass: async (received) => {
      queue.push(received);
      return { rejected: 0, message: '' };
    },
    [Symbol.asyncDispose]: async () => {
      await queue[Symbol.asyncDispose]();
      downstream[Symbol.dispose]();
    },
  };
}
