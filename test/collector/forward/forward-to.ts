import pino from 'pino';
import { createForwardMetrics } from '../../../collector/forward/metrics.js';
import type { Forwarder } from '../../../collector/forward/forwarder.js';
import { startForwarder } from '../../../collector/forward/forwarder.js';
import { createForwardingIntake } from '../../../collector/forward/forwarding-intake.js';
import type { Forwarding } from '../../../collector/forward/settings.js';
import type { QueueOptions } from '../../../collector/forward/queue.js';
import type { Receiver, ReceiverOptions } from '../../../collector/otlp/receiver.js';
import { createMetrics } from '../../../collector/watch/metrics.js';
import type { Span } from '../../../schemas/span.js';
import { receive } from '../otlp/send.js';

/** A receiver that passes on what it takes. */
export interface TestForwarder extends AsyncDisposable {
  readonly receiver: Receiver;
  readonly stored: Span[];
  readonly forwarder: Forwarder;
  readonly log: () => string;
  /** Reads one counter, by its name and labels as Prometheus writes them. */
  readonly metric: (name: string) => Promise<number>;
}

export interface Forwards extends Partial<Forwarding> {
  readonly url: URL;
  readonly bounds?: Pick<QueueOptions, 'maxBytes' | 'giveUpMs' | 'lastWordsMs'>;
  readonly receiver?: Partial<ReceiverOptions>;
}

export async function forwardTo({ bounds, receiver: options, ...forwarding }: Forwards): Promise<TestForwarder> {
  const metrics = createMetrics();
  let log = '';
  const forwarder = startForwarder(
    { headers: {}, acknowledge: 'forwarded', timeoutMs: 5_000, ...forwarding },
    createForwardMetrics(metrics.registry),
    pino({ level: 'debug' }, { write: (line) => (log += line) }),
    bounds,
  );
  const { receiver, stored } = await receive({
    makeIntake: (intake) => createForwardingIntake(intake, forwarder),
    metrics,
    ...options,
  });
  return {
    receiver,
    stored,
    forwarder,
    log: () => log,
    metric: async (name) => {
      const line = (await metrics.registry.metrics()).split('\n').find((one) => one.startsWith(`${name} `));
      return Number(line?.slice(name.length));
    },
    [Symbol.asyncDispose]: async () => {
      await receiver.stop();
      await forwarder[Symbol.asyncDispose]();
    },
  };
}
