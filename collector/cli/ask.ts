import { Option } from 'commander';
import * as z from 'zod';
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
  const { ok, status, text } = await answerOf(url, path, timeoutMs, change);
  const body = parsed(text);
  const refused = errorSchema.safeParse(body);
  if (refused.success) throw new UsageError(`Waybill at ${url} answered ${status}: ${refused.data.error.message}`);
  const answer = schema.safeParse(body);
  if (ok && answer.success) return answer.data;
  throw new UsageError(`What answers at ${url} (with ${status}) is not Waybill, or not this version of it.`);
}

async function answerOf(
  url: string,
  path: string,
  timeoutMs: number,
  change: Change | undefined,
): Promise<{ ok: boolean; status: number; text: string }> {
  try {
    // Never a flag: whoever is on this machine can read those of every process.
    const key = process.env['WAYBILL_KEY'];
    const headers = key === undefined || key === '' ? {} : { authorization: `Bearer ${key}` };
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(
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
    return { ok: response.ok, status: response.status, text: await response.text() };
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
