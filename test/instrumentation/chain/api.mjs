// The second service: Fastify, which puts the work into a queue and waits for it.
import { context, propagation } from '@opentelemetry/api';
import { Queue, QueueEvents } from 'bullmq';
import fastify from 'fastify';

const { PORT, REDIS_PORT } = process.env;
const connection = { host: '127.0.0.1', port: Number(REDIS_PORT) };
const queue = new Queue('questions', { connection });
const events = new QueueEvents('questions', { connection });

const losing = (isLosing, fn) => (isLosing ? context.with(propagation.deleteBaggage(context.active()), fn) : fn());

const app = fastify();
app.post('/', async ({ body }) => {
  const job = await losing(body.fault === 'api', () => queue.add('question', body));
  return { text: await job.waitUntilFinished(events) };
});
await events.waitUntilReady();
await app.listen({ port: Number(PORT), host: '127.0.0.1' });
