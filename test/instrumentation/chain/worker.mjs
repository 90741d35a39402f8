// The third service: a worker behind the queue, which asks the model through the gateway.
import http from 'node:http';
import { context, propagation } from '@opentelemetry/api';
import { Worker } from 'bullmq';
import OpenAI from 'openai';
import { withAttribution } from 'waybill/instrumentation';

const { PORT, REDIS_PORT, GATEWAY_URL, PROVIDER_URL } = process.env;
const openai = new OpenAI({
  baseURL: `${GATEWAY_URL}/v1`,
  apiKey: 'test',
  maxRetries: 0,
  defaultHeaders: { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': PROVIDER_URL },
});

const faults = {
  worker: (fn) => context.with(propagation.deleteBaggage(context.active()), fn),
  rewritten: (fn) => withAttribution({ tenant: 'shared-pool' }, fn),
};

async function ask() {
  const messages = [{ role: 'user', content: 'Who pays for it?' }];
  const answer = await openai.chat.completions.create({ model: 'gpt-4o', messages });
  return answer.choices[0].message.content;
}

const connection = { host: '127.0.0.1', port: Number(REDIS_PORT), maxRetriesPerRequest: null };
const worker = new Worker('questions', ({ data }) => (faults[data.fault] ?? ((fn) => fn()))(ask), { connection });
await worker.waitUntilReady();
// Nobody asks it anything; that it listens says that it is there.
http.createServer().listen(Number(PORT), '127.0.0.1');
