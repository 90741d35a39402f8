import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Request, Response } from 'express';
import express from 'express';

/** A prompt with this text gets half a stream: the socket is cut. */
export const CUT_PROMPT = 'cut the stream';

/** A prompt with this text gets half a stream, and then nothing more until its reader leaves. */
const STALL_PROMPT = 'stall the stream';

/** Of a prompt of more tokens, the part up to a multiple of this counts as cached, as providers do. */
const CACHE_STEP = 64;

const ANSWER =
  'A waybill travels with a shipment and says at every stop who it belongs to and who pays for it. ' +
  'Where a stop cannot read it, the goods still move on, and nobody can be billed for them.';

/** A running stand-in for a provider. */
export interface Provider extends AsyncDisposable {
  /** Base URL of its API, as the official client wants it. */
  readonly url: string;
  /** Base URL at which every request fails with 503. */
  readonly overloadedUrl: string;
  readonly stop: () => Promise<void>;
}

/**
 * Starts a stand-in for a provider of models. It speaks OpenAI's chat completions, responses and embeddings, with
 * streams, and counts tokens by a fixed rule, so that every run of the demo costs the same.
 *
 * @param port 0 takes a free one
 */
export async function startProvider(port = 0): Promise<Provider> {
  const app = express();
  app.use(express.json({ limit: '1mb' }));
  app.use('/overloaded', (_request, response) => {
    response.status(503).json({ error: { message: 'The model is overloaded.', type: 'server_error' } });
  });
  app.post('/v1/chat/completions', (request, response, next) => {
    chatCompletions(request, response).then(undefined, next);
  });
  app.post('/v1/responses', (request, response, next) => {
    responses(request, response).then(undefined, next);
  });
  app.post('/v1/embeddings', embeddings);
  const server = createServer(app).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The provider has no port.');
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    await new Promise((done) => {
      server.close(done);
      server.closeAllConnections();
    });
  };
  const origin = `http://127.0.0.1:${address.port}`;
  return { url: `${origin}/v1`, overloadedUrl: `${origin}/overloaded/v1`, stop, [Symbol.asyncDispose]: stop };
}

/** What is read of a request; everything may be anything. */
interface Body {
  readonly model?: unknown;
  readonly messages?: unknown;
  readonly input?: unknown;
  readonly stream?: unknown;
  readonly stream_options?: { readonly include_usage?: unknown };
}

function bodyOf(request: Request): Body {
  const body: unknown = request.body;
  return typeof body === 'object' && body !== null ? body : {};
}

/** Four characters a token, as a rule of thumb has it. */
function countTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

function textOf(content: unknown): string {
  return typeof content === 'string' ? content : JSON.stringify(content ?? '');
}

function idFor(prefix: string, body: Body): string {
  return `${prefix}${createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 24)}`;
}

async function chatCompletions(request: Request, response: Response): Promise<void> {
  const body = bodyOf(request);
  const prompt = textOf(body.messages);
  const promptTokens = countTokens(prompt);
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: countTokens(ANSWER),
    total_tokens: promptTokens + countTokens(ANSWER),
    prompt_tokens_details: { cached_tokens: cachedOf(promptTokens) },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
  const common = { id: idFor('chatcmpl-', body), created: nowSeconds(), model: textOf(body.model) };
  if (body.stream !== true) {
    const message = { role: 'assistant', content: ANSWER };
    response.json({
      ...common,
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: 'stop' }],
      usage,
    });
    return;
  }
  const chunk = { ...common, object: 'chat.completion.chunk' };
  const words = ANSWER.split(/(?<= )/);
  beginEvents(response);
  for (const [i, word] of words.entries()) {
    if (prompt.includes(CUT_PROMPT) && i * 2 > words.length) {
      response.socket?.destroy();
      return;
    }
    if (prompt.includes(STALL_PROMPT) && i * 2 > words.length) return;
    await sendEvent(response, { ...chunk, choices: [{ index: 0, delta: { content: word }, finish_reason: null }] });
  }
  await sendEvent(response, { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  // Only who asks for it is told what a stream took.
  if (body.stream_options?.include_usage === true) await sendEvent(response, { ...chunk, choices: [], usage });
  response.end('data: [DONE]\n\n');
}

async function responses(request: Request, response: Response): Promise<void> {
  const body = bodyOf(request);
  const inputTokens = countTokens(textOf(body.input));
  const outputTokens = countTokens(ANSWER);
  const answer = {
    id: idFor('resp_', body),
    object: 'response',
    created_at: nowSeconds(),
    model: textOf(body.model),
  };
  const message = {
    id: idFor('msg_', body),
    type: 'message',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text: ANSWER, annotations: [] }],
  };
  const usage = {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedOf(inputTokens) },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: inputTokens + outputTokens,
  };
  const whole = { ...answer, status: 'completed', output: [message], usage };
  if (body.stream !== true) {
    response.json(whole);
    return;
  }
  beginEvents(response);
  const created = { ...answer, status: 'in_progress', output: [], usage: null };
  await sendEvent(response, { type: 'response.created', response: created });
  await sendEvent(response, { type: 'response.output_item.done', output_index: 0, item: message });
  await sendEvent(response, { type: 'response.completed', response: whole });
  response.end();
}

function embeddings(request: Request, response: Response): void {
  const body = bodyOf(request);
  const tokens = countTokens(textOf(body.input));
  response.json({
    object: 'list',
    model: textOf(body.model),
    data: [{ object: 'embedding', index: 0, embedding: [0.25, 0.5, 0.25] }],
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
}

function cachedOf(promptTokens: number): number {
  return Math.floor(promptTokens / 2 / CACHE_STEP) * CACHE_STEP;
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function beginEvents(response: Response): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
}

/** Waits until the event has left, so that a cut comes after what was sent before it. */
async function sendEvent(response: Response, event: unknown): Promise<void> {
  await new Promise<void>((done) => {
    response.write(`data: ${JSON.stringify(event)}\n\n`, () => done());
  });
}
