import './lifeline.js';
import { context, propagation } from '@opentelemetry/api';
import express from 'express';
import OpenAI from 'openai';
import { getAttribution } from '../../instrumentation/index.js';
import type { FaultName } from './faults.js';
import { faultOf } from './faults.js';
import { CUT_PROMPT } from './provider.js';

/** How a request asks the model. */
type Kind = 'chat' | 'stream' | 'responses' | 'embeddings';

interface Question {
  readonly kind: Kind;
  readonly model: string;
  readonly prompt: string;
}

const gatewayUrl = process.env['GATEWAY_URL'] ?? '';
const fallbackUrl = process.env['FALLBACK_URL'] ?? '';
const providerUrl = process.env['PROVIDER_URL'] ?? '';
const overloadedUrl = process.env['OVERLOADED_URL'] ?? '';

const options = { baseURL: `${gatewayUrl}/v1`, apiKey: 'demo', maxRetries: 0 };
const toProvider = { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': providerUrl };

const openai = new OpenAI({ ...options, defaultHeaders: toProvider });

/** Builds its requests outside the context, as a client with a transport of its own does: the baggage stays behind. */
const strippingOpenai = new OpenAI({
  ...options,
  defaultHeaders: toProvider,
  fetch: (url, init) => context.with(propagation.deleteBaggage(context.active()), () => fetch(url, init)),
});

/** The gateway tries the overloaded provider first, then the other gateway. */
const fallingBackOpenai = new OpenAI({
  ...options,
  defaultHeaders: {
    'x-portkey-config': JSON.stringify({
      strategy: { mode: 'fallback' },
      targets: [overloadedUrl, `${fallbackUrl}/v1`].map((custom_host) => ({
        provider: 'openai',
        api_key: 'demo',
        custom_host,
      })),
    }),
  },
});

async function ask(client: OpenAI, { kind, model, prompt }: Question): Promise<string> {
  switch (kind) {
    case 'chat': {
      const answer = await client.chat.completions.create({ model, messages: [{ role: 'user', content: prompt }] });
      return answer.choices[0]?.message.content ?? '';
    }
    case 'stream': {
      const stream = await client.chat.completions.create({
        model,
        messages: [{ role: 'user', content: prompt }],
        stream: true,
        stream_options: { include_usage: true },
      });
      let text = '';
      let isWhole = false;
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? '';
        isWhole ||= chunk.choices[0]?.finish_reason === 'stop';
      }
      // The gateway ends a stream that its provider cut as if it were whole.
      if (!isWhole) throw new Error('The stream ended before the answer did.');
      return text;
    }
    case 'responses':
      return (await client.responses.create({ model, input: prompt })).output_text;
    case 'embeddings': {
      const answer = await client.embeddings.create({ model, input: prompt, encoding_format: 'float' });
      return String(answer.data[0]?.embedding.length ?? 0);
    }
  }
}

/** Tenants whose baggage is stripped since somebody said so, while all runs. */
const broken = new Set<string>();

function faultNow(): FaultName {
  const { tenant } = getAttribution();
  return tenant !== undefined && broken.has(tenant) ? 'baggage-stripped' : faultOf(tenant);
}

async function answer(question: Question): Promise<string> {
  switch (faultNow()) {
    case 'baggage-stripped':
      return ask(strippingOpenai, question);
    case 'tenant-rewritten':
      return ask(fallingBackOpenai, { ...question, kind: 'chat' });
    case 'lost-context':
      return new Promise((done) => {
        queue.push(() => done(ask(openai, question)));
      });
    case 'stream-cut':
      return ask(openai, { ...question, kind: 'stream', prompt: `${CUT_PROMPT}: ${question.prompt}` });
    case 'clean':
    case 'tenant-unknown':
      return ask(openai, question);
  }
}

/** Drained by a timer that was started at boot, so a job runs in the context of the boot and not of its request. */
const queue: (() => void)[] = [];
setInterval(() => {
  for (let job = queue.shift(); job !== undefined; job = queue.shift()) job();
}, 20);

const app = express();
app.use(express.json());
app.post('/answer', (request, response) => {
  const question: Question = request.body;
  answer(question).then(
    (text) => response.json({ text }),
    (error: unknown) => response.status(502).json({ error: error instanceof Error ? error.message : String(error) }),
  );
});
app.put('/broken/:tenant', ({ params }, response) => {
  broken.add(params.tenant);
  response.sendStatus(204);
});
app.delete('/broken/:tenant', ({ params }, response) => {
  broken.delete(params.tenant);
  response.sendStatus(204);
});
app.listen(Number(process.env['PORT']), '127.0.0.1');
