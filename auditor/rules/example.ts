import type * as z from 'zod';
import type { contractSchema } from '../../schemas/contract.js';
import { contractSchema as schema } from '../../schemas/contract.js';
import type { CallFacts, Span, SpanLink, Usage } from '../../schemas/span.js';
import { SpanKind, StatusCode } from '../../schemas/span.js';
import type { AuditReport } from '../../schemas/audit.js';
import { auditTrace } from '../audit.js';
import { compileContract } from '../contract.js';
import { reportOf } from '../report.js';
import type { Example } from './rule.js';

const KEYS: Readonly<Record<string, string>> = {
  tenant: 'tenant.id',
  feature: 'feature.id',
  policy: 'budget.policy.id',
};
const ALL = ['tenant=acme', 'feature=chat', 'policy=pro-monthly'];

const TRACE_ID = '5b8efff798038103d269b633813fc60c';
/** 2026-11-02, 12:00 UTC. */
const START_US = 1_793_620_800_000_000;

/**
 * Audits the example of a rule.
 *
 * Each line of it is a span below the one of the line before: its service, then words. `all` stands for the three
 * attributes, `tenant=acme` for one of them, `call=gpt-4o` for a call (with `in`, `out`, `cached`, `cost`, `failed`,
 * `replay`, `guessed`), `orphan` for a parent that never came, `lost=2` for attributes that the SDK dropped, `state=…`
 * for the tracestate, `links=acme,globex` for links to work of these tenants, `client` for a client span; any other
 * `key=value` for an attribute under its own key.
 */
export function auditExample({ route, contract = {} }: Example): AuditReport {
  const compiled = compileContract(parsed(contract));
  return reportOf([auditTrace(route.map(spanOf), compiled)]);
}

function parsed(contract: z.input<typeof contractSchema>): z.infer<typeof contractSchema> {
  return schema.parse(contract);
}

function spanOf(line: string, i: number, route: readonly string[]): Span {
  const [service = '', ...said] = line.split(/\s+/);
  const isNewStation = route[i - 1]?.split(/\s+/, 1)[0] !== service;
  const words = said.flatMap((word) => (word === 'all' ? ALL : [word]));
  const valueOf = (key: string): string | undefined =>
    words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1);
  const has = (word: string): boolean => words.includes(word);
  const model = valueOf('call');
  return {
    traceId: TRACE_ID,
    spanId: spanId(i + 1),
    parentSpanId: has('orphan') ? 'f'.repeat(16) : i === 0 ? null : spanId(i),
    traceState: valueOf('state') ?? '',
    flags: i > 0 && isNewStation ? 0x300 : 0x100,
    service,
    scopeName: 'example',
    scopeVersion: '',
    name: model === undefined ? `${service} request` : `chat ${model}`,
    kind: has('client') || model !== undefined ? SpanKind.client : SpanKind.server,
    startUs: START_US + i * 1_000,
    endUs: START_US + 1_000_000 - i * 1_000,
    status: has('failed') ? StatusCode.error : StatusCode.unset,
    droppedAttributes: Number(valueOf('lost') ?? 0),
    attributes: words.flatMap(attributeOf),
    links: (valueOf('links') ?? '').split(',').flatMap(linkTo),
    call: model === undefined ? null : callOf(model, valueOf, has),
  };
}

function spanId(number: number): string {
  return number.toString(16).padStart(16, '0');
}

const FACTS = new Set(['call', 'in', 'out', 'cached', 'cost', 'lost', 'state', 'links', 'provider']);

function attributeOf(word: string): string[] {
  const at = word.indexOf('=');
  const key = word.slice(0, at);
  return at === -1 || FACTS.has(key) ? [] : [KEYS[key] ?? key, word.slice(at + 1)];
}

function linkTo(tenant: string, i: number): SpanLink[] {
  return tenant === '' ? [] : [{ traceId: 'a'.repeat(32), spanId: spanId(i + 1), attributes: ['tenant.id', tenant] }];
}

function callOf(
  model: string,
  valueOf: (key: string) => string | undefined,
  has: (word: string) => boolean,
): CallFacts {
  return {
    dialect: 'otel-genai',
    operation: 'chat',
    provider: valueOf('provider') ?? 'openai',
    requestModel: model,
    responseModel: model,
    responseId: '',
    conversationId: '',
    stream: false,
    usage: usageOf(valueOf),
    usageEstimated: has('guessed'),
    cacheReplay: has('replay'),
    reportedCostUsd: valueOf('cost') ?? null,
  };
}

function usageOf(valueOf: (key: string) => string | undefined): Usage | null {
  const [input, output] = [valueOf('in'), valueOf('out')];
  if (input === undefined || output === undefined) return null;
  return {
    inputTokens: Number(input),
    outputTokens: Number(output),
    cacheReadTokens: Number(valueOf('cached') ?? 0),
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    inputAudioTokens: 0,
    outputAudioTokens: 0,
  };
}
