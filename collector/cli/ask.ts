import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { Option } from 'commander';
import * as z from 'zod';
import { answerLineSchema, JSON_LINES } from '../../schemas/answer-line.js';
import { UsageError } from './exit.js';

const errorSchema = z.object({ error: z.object({ message: z.string() }) });

/** The flag that says where the Waybill is that is asked. */
export function urlOption(): Option {
  return new Option('--url <url>', 'where Waybill answers').env('WAYBILL_URL').default('http://127.0.0.1:4319');
}

/** Flags as the query string of a question; those that were not given are left out. */
export function queryOf(flags: object): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(flags)) if (value !== undefined) query.set(name, String(value));
  return query.toString();
}

/** What Waybill is told to do with what is at a path. */
type Change = { readonly method: 'PUT'; readonly body: object } | { readonly method: 'DELETE' };

/**
 * Asks a running Waybill.
 *
 * @param url where it answers, such as `http://127.0.0.1:4319`
 * @param path path and query string
 * @param timeoutMs how long to wait for the answer
 * @param change what it is told to do there; left out: it is only asked
 * @throws UsageError that says what is wrong and what to do: nothing answers, it refuses, or it is not Waybill
 */
export async function askWaybill<T extends z.ZodType>(
  url: string,
  path: string,
  schema: T,
  timeoutMs: number,
  change?: Change,
): Promise<z.infer<T>> {
  const response = await answerOf(url, path, timeoutMs, change);
  return readAnswer(url, response, await reading(url, () => response.text()), schema);
}

/**
 * The same where the answer takes long: Waybill says how far it has come.
 *
 * @param tell is told so
 */
export async function askLong<T extends z.ZodType>(
  url: string,
  path: string,
  schema: T,
  timeoutMs: number,
  tell: (done: number, of: number) => void,
): Promise<z.infer<T>> {
  const response = await answerOf(url, path, timeoutMs, undefined, JSON_LINES);
  const isInLines = response.headers.get('content-type')?.includes(JSON_LINES) === true;
  if (!isInLines || response.body === null)
    return readAnswer(url, response, await reading(url, () => response.text()), schema);
  const lineSchema = answerLineSchema(z.unknown());
  for await (const text of linesOf(url, response.body)) {
    const line = lineSchema.safeParse(parsed(text));
    if (!line.success) break;
    if ('progress' in line.data) tell(line.data.progress.done, line.data.progress.of);
    else return readAnswer(url, response, JSON.stringify('answer' in line.data ? line.data.answer : line.data), schema);
  }
  throw new UsageError(`Waybill at ${url} ended before it had answered. Ask again.`);
}

/** @throws UsageError as `askWaybill` does */
function readAnswer<T extends z.ZodType>(url: string, { ok, status }: Response, text: string, schema: T): z.infer<T> {
  const body = parsed(text);
  const refused = errorSchema.safeParse(body);
  if (refused.success) throw new UsageError(`Waybill at ${url} answered ${status}: ${refused.data.error.message}`);
  const answer = schema.safeParse(body);
  if (ok && answer.success) return answer.data;
  throw new UsageError(`What answers at ${url} (with ${status}) is not Waybill, or not this version of it.`);
}

async function* linesOf(url: string, body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const lines = createInterface({ input: Readable.from(body), crlfDelay: Infinity })[Symbol.asyncIterator]();
  for (;;) {
    const line = await reading(url, () => lines.next());
    if (line.done === true) return;
    yield line.value;
  }
}

function answerOf(
  url: string,
  path: string,
  timeoutMs: number,
  change: Change | undefined,
  accept?: string,
): Promise<Response> {
  return reading(url, () => {
    // Never a flag: whoever is on this machine can read those of every process.
    const key = process.env['WAYBILL_KEY'];
    const headers = {
      ...(key === undefined || key === '' ? {} : { authorization: `Bearer ${key}` }),
      ...(accept === undefined ? {} : { accept }),
    };
    const signal = AbortSignal.timeout(timeoutMs);
    return fetch(
      new URL(path, url),
      change?.method === 'PUT'
        ? {
            method: 'PUT',
            headers: { ...headers, 'content-type': 'application/json' },
            body: JSON.stringify(change.body),
            signal,
          }
        : { method: change?.method ?? 'GET', headers, signal },
    );
  });
}

/** @throws UsageError where nothing answers, or not to the end */
async function reading<T>(url: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new UsageError(
      `Waybill does not answer at ${url} (${reasonOf(error)}). Start it with 'waybill serve', or name it with --url.`,
    );
  }
}

/** What went wrong; `fetch` itself only says that it failed, and why is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
