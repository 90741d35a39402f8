// The application under test: an ES module, as its users write them, without a word about OpenTelemetry.
import http from 'node:http';
import express from 'express';
import OpenAI from 'openai';
import { withAttribution } from 'waybill/instrumentation';

const { PROVIDER_URL = '', OVERLOADED_URL = '', NEXT_URL = '', ON_SIGTERM = '' } = process.env;
const openai = new OpenAI({ baseURL: PROVIDER_URL, apiKey: 'test', maxRetries: 0 });
const overloaded = new OpenAI({ baseURL: OVERLOADED_URL, apiKey: 'test', maxRetries: 0 });

/** A word that must be on no span. */
const SECRET = 'xyzzy';

const messages = (content) => [{ role: 'user', content }];

/** What the provider counts as 508 tokens of input, 192 of them cached. */
const LONG = 'Who pays for it? '.repeat(118).slice(0, 2000);

/** Reads a chat stream that nobody asked for usage, and fails if a chunk comes that the application did not ask for. */
async function readUnasked(streamOptions) {
  const stream = await openai.chat.completions.create({
    model: 'gpt-4o',
    messages: messages(LONG),
    stream: true,
    stream_options: streamOptions,
  });
  for await (const { choices } of stream) if (choices.length === 0) throw new Error('a chunk without choices');
}

/** Leaves a stream from outside, as a request's own abort does; the client then ends it as if it were whole. */
async function abortStream() {
  const abort = new AbortController();
  const options = { signal: abort.signal };
  const stream = await openai.chat.completions.create(
    { model: 'gpt-4o', messages: messages('stall the stream'), stream: true },
    options,
  );
  for await (const _ of stream) abort.abort();
}

async function readResponses() {
  const { data } = await openai.responses
    .create({ model: 'gpt-4o', input: LONG, instructions: SECRET, stream: true })
    .withResponse();
  for await (const event of data) if (event.type === 'response.completed') break;
}

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
  'chat-cached': () => openai.chat.completions.create({ model: 'gpt-4o', messages: messages(LONG) }),
  'stream-unasked': () => readUnasked(null),
  'stream-refused': () => readUnasked({ include_usage: false }),
  'stream-aborted': abortStream,
  'responses-stream': readResponses,
  'responses-failed': () =>
    overloaded.responses.create({ model: 'gpt-4o', input: 'hello', stream: true }).catch(() => undefined),
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
