// The application under test: an ES module, as its users write them, without a word about OpenTelemetry.
import http from 'node:http';
import express from 'express';
import OpenAI from 'openai';
import { withAttribution } from 'waybill/instrumentation';

const { PROVIDER_URL = '', NEXT_URL = '', ON_SIGTERM = '' } = process.env;
const openai = new OpenAI({ baseURL: PROVIDER_URL, apiKey: 'test', maxRetries: 0 });

const messages = (content) => [{ role: 'user', content }];

async function readStream(prompt, chunks = Infinity) {
  const stream = await openai.chat.completions.create({
    model: 'gpt-4o',
    messages: messages(prompt),
    stream: true,
    stream_options: { include_usage: true },
  });
  let left = chunks;
  for await (const _ of stream) {
    left -= 1;
    if (left === 0) break;
  }
}

const request = { method: 'POST', headers: { 'Content-Type': 'application/json' } };
const body = JSON.stringify({ model: 'gpt-4o', messages: [] });

const work = {
  chat: () => openai.chat.completions.create({ model: 'gpt-4o', messages: messages('hello') }),
  responses: () => openai.responses.create({ model: 'gpt-4o', input: 'hello' }),
  embeddings: () => openai.embeddings.create({ model: 'text-embedding-3-small', input: 'hello' }),
  stream: () => readStream('hello'),
  'stream-left': () => readStream('hello', 2),
  'stream-cut': () => readStream('cut the stream').catch(() => undefined),
  fetch: async () => (await fetch(`${PROVIDER_URL}/chat/completions`, { ...request, body })).text(),
  http: () =>
    new Promise((done) => {
      const sent = http.request(`${PROVIDER_URL}/chat/completions`, request, (answer) => {
        answer.resume().once('end', done);
      });
      sent.end(body);
    }),
};

const app = express();
app.post(
  '/front/:kind',
  (_request, _response, next) =>
    withAttribution({ tenant: 'acme', feature: 'chat', policy: 'pro-monthly', user: 'u-1' }, next),
  (request, response, next) => {
    fetch(`${NEXT_URL}/work/${request.params.kind}`, { method: 'POST' }).then(
      (answer) => response.status(answer.status).end(),
      next,
    );
  },
);
app.post('/work/:kind', (request, response, next) => {
  work[request.params.kind]().then(() => response.end(), next);
});
app.post('/careless', async (_request, response) => {
  await withAttribution({ tenant: 42, feature: '', policy: 'a\nb', user: 'u'.repeat(257) }, work.chat);
  await withAttribution(null, work.chat);
  response.end();
});

if (ON_SIGTERM !== '') process.once('SIGTERM', () => setTimeout(() => process.exit(Number(ON_SIGTERM)), 600));
const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${server.address().port}\n`);
});
// Lets the test end the application by leaving it nothing to do.
process.stdin.once('end', () => {
  server.close();
  server.closeAllConnections();
});
process.stdin.resume();
