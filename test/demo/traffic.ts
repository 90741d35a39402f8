import { faults } from './faults.js';

/** One request of the demo's traffic. */
export interface Errand {
  readonly tenant: string;
  readonly feature: 'chat' | 'search' | 'summary';
  readonly kind: 'chat' | 'stream' | 'responses' | 'embeddings';
  readonly model: string;
  readonly prompt: string;
  /** The status with which web is to answer. */
  readonly status: number;
}

/** Out of ten requests, how the model is asked. */
const KINDS = [
  'chat',
  'stream',
  'responses',
  'chat',
  'stream',
  'embeddings',
  'chat',
  'stream',
  'responses',
  'chat',
] as const;

const TEXT =
  'Our customer asks why the parcel was held at the second stop, who has to be asked there, and what it costs. ';

/**
 * All requests of a run, the tenants mixed as they would be. The same on every run.
 *
 * @param requestsOf how many requests a tenant sends
 */
export function errands(requestsOf = (requests: number): number => requests): Errand[] {
  const all = faults.flatMap(({ tenants, requests, status }) =>
    tenants.flatMap((tenant) =>
      Array.from({ length: requestsOf(requests) }, (_, i) => ({
        at: i / requestsOf(requests),
        errand: errand(tenant, i, status),
      })),
    ),
  );
  return all.toSorted((a, b) => a.at - b.at).map((one) => one.errand);
}

function errand(tenant: string, i: number, status: number): Errand {
  const kind = KINDS[i % KINDS.length] ?? 'chat';
  return {
    tenant,
    feature: kind === 'embeddings' ? 'search' : kind === 'responses' ? 'summary' : 'chat',
    kind,
    // One model a tenant, so that one dear call does not outweigh the rest of a small sample.
    model: kind === 'embeddings' ? 'text-embedding-3-small' : tenant === 'acme' ? 'gpt-4o' : 'gpt-4o-mini',
    prompt: `${tenant} ${i}: ${TEXT.repeat(8 + (i % 5))}`,
    status,
  };
}

/**
 * Sends requests to web, a few at a time.
 *
 * @param onAnswer called after each answer
 * @throws Error where web answers with another status than it should
 */
export async function send(
  webUrl: string,
  list: readonly Errand[],
  concurrency: number,
  onAnswer: () => void = () => undefined,
): Promise<void> {
  const left = list.values();
  const worker = async (): Promise<void> => {
    for (const one of left) {
      await sendOne(webUrl, one);
      onAnswer();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

async function sendOne(webUrl: string, { tenant, feature, kind, model, prompt, status }: Errand): Promise<void> {
  const response = await fetch(`${webUrl}/${feature}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${tenant}` },
    body: JSON.stringify({ kind, model, prompt }),
  });
  const body = await response.text();
  if (response.status !== status) {
    throw new Error(`web answered ${tenant}'s ${kind} with ${response.status} in place of ${status}: ${body}`);
  }
}
