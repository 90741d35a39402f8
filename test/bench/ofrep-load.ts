/** The process that evaluates: started by `benchOfrep`, so that what is measured shares no thread with its load. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:http';
import type { Evaluating, Evaluated } from './ofrep.js';
import { tenantOf } from './ofrep.js';

/** As the pools of clients are bounded: whoever has to wait for a connection waits in its time. */
const CONNECTIONS = 64;

/** Evaluations at even distances, whether or not the ones before were answered. */
async function paced({ url, key, perSecond, ms }: Evaluating): Promise<Evaluated> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const start = performance.now();
  const count = Math.floor((ms * perSecond) / 1_000);
  const all = Array.from({ length: count }, async (_, i) => {
    await new Promise((done) => setTimeout(done, start + (i * 1_000) / perSecond - performance.now()));
    const body = JSON.stringify({ context: { targetingKey: `request-${i}`, tenant: tenantOf(i), feature: 'chat' } });
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const sentMs = performance.now();
    const outgoing = request(url, { method: 'POST', agent, headers });
    outgoing.end(body);
    const answer = await new Promise<IncomingMessage>((done, fail) => {
      outgoing.once('response', done).once('error', fail);
    });
    answer.resume();
    await once(answer, 'end');
    if (answer.statusCode !== 200) throw new Error(`An evaluation was answered with ${answer.statusCode}.`);
    return performance.now() - sentMs;
  });
  const latenciesMs = await Promise.all(all);
  agent.destroy();
  return { latenciesMs, perSecond: (count * 1_000) / (performance.now() - start) };
}

process.on('message', (order: Evaluating) => {
  paced(order).then(
    (outcome) => process.send?.({ outcome }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
