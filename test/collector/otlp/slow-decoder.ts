import type { CompiledContract } from '../../../auditor/contract.js';
import { compileContract } from '../../../auditor/contract.js';
import { keptKeys } from '../../../auditor/dialects/kept-keys.js';
import { factKeys } from '../../../auditor/dialects/places.js';
import { readCall } from '../../../auditor/dialects/read-call.js';
import { carriedBy } from '../../../auditor/trace/carried.js';
import { storableUs } from '../../../collector/store/spans.js';
import type { LackingCalls } from '../../../collector/otlp/decoded-request.js';
import type { Span } from '../../../schemas/span.js';
import { contractSchema } from '../../../schemas/contract.js';
import { anyValueType, lazyRequestType } from './request.js';

/** Spans in a form in which the order of attributes does not matter. */
export type ComparableSpan = Omit<Span, 'attributes' | 'links'> & {
  readonly attributes: Readonly<Record<string, string>>;
  readonly links: readonly unknown[];
};

export function comparable({ attributes, links, ...rest }: Span): ComparableSpan {
  return {
    ...rest,
    attributes: asRecord(attributes),
    links: links.map((link) => ({ ...link, attributes: asRecord(link.attributes) })),
  };
}

function asRecord(attributes: readonly string[]): Record<string, string> {
  const entries: [string, string][] = [];
  for (let i = 0; i < attributes.length; i += 2) entries.push([attributes[i] ?? '', attributes[i + 1] ?? '']);
  if (new Set(entries.map(([key]) => key)).size !== entries.length) throw new Error('A key occurs twice.');
  return Object.fromEntries(entries);
}

interface Plain {
  readonly [key: string]: unknown;
}

const contract = compileContract(contractSchema.parse({}));
const isKept = keptKeys(contract);

/**
 * Decodes a request as one would without caring for speed: all of it by protobufjs, then picked apart. The twin that
 * the decoder is compared with.
 */
export function decodeSlowly(body: Uint8Array): ComparableSpan[] {
  const request = lazyRequestType.toObject(lazyRequestType.decode(body), {
    longs: String,
    arrays: true,
    defaults: true,
  });
  return list(request['resourceSpans']).flatMap((resourceSpans) => {
    const resource = attributeMap(object(resourceSpans['resource'])['attributes'], 'service.name');
    return list(resourceSpans['scopeSpans']).flatMap((scopeSpans) => {
      const scope = object(scopeSpans['scope']);
      return list(scopeSpans['spans']).flatMap((span) => {
        const one = spanOf(span, resource, textOf(scope['name']), textOf(scope['version']));
        return one === null ? [] : [one];
      });
    });
  });
}

function spanOf(
  span: Plain,
  resource: Map<string, string>,
  scopeName: string,
  scopeVersion: string,
): ComparableSpan | null {
  const traceId = hex(span['traceId']);
  const spanId = hex(span['spanId']);
  const parent = hex(span['parentSpanId']);
  const own = attributeMap(span['attributes']);
  const kind = Number(span['kind']);
  const status = Number(object(span['status'])['code'] ?? 0);
  const links = list(span['links']).flatMap((link) => {
    const ids = { traceId: hex(link['traceId']), spanId: hex(link['spanId']) };
    const attributes = keptOf(attributeMap(link['attributes']));
    return isId(ids.traceId, 32) && isId(ids.spanId, 16) ? [{ ...ids, attributes }] : [];
  });
  // Only now, since what is malformed is refused in a span that is rejected, too.
  if (!isId(traceId, 32) || !isId(spanId, 16) || (parent !== '' && parent.length !== 16)) return null;
  return {
    traceId,
    spanId,
    parentSpanId: isId(parent, 16) ? parent : null,
    traceState: String(span['traceState']),
    flags: Number(span['flags']),
    service: resource.get('service.name') || 'unknown_service',
    scopeName,
    scopeVersion,
    name: String(span['name']),
    kind: kind >= 0 && kind <= 5 ? kind : 0,
    startUs: storableUs(Number(BigInt(String(span['startTimeUnixNano'])) / 1000n)),
    endUs: storableUs(Number(BigInt(String(span['endTimeUnixNano'])) / 1000n)),
    status: status >= 0 && status <= 2 ? status : 0,
    droppedAttributes: Number(span['droppedAttributesCount']),
    attributes: keptOf(new Map([...resource, ...own])),
    links,
    call: readCall(scopeName, scopeVersion, [...own].flat()),
  };
}

function isId(text: string, length: number): boolean {
  return text.length === length && !/^0*$/.test(text);
}

function keptOf(attributes: Map<string, string>): Record<string, string> {
  return Object.fromEntries([...attributes].filter(([key]) => isKept(key)));
}

function attributeMap(attributes: unknown, also: string | null = null): Map<string, string> {
  const map = new Map<string, string>();
  for (const { key, value } of list(attributes)) {
    if (typeof key !== 'string' || !(isKept(key) || factKeys.has(key) || key === also)) continue;
    map.set(
      key,
      value instanceof Uint8Array
        ? valueText(anyValueType.toObject(anyValueType.decode(value), { longs: String }))
        : '',
    );
  }
  return map;
}

function valueText(value: Plain): string {
  const plain = plainOf(value);
  if (plain === null) return '';
  return (typeof plain === 'string' ? plain : typeof plain === 'number' ? String(plain) : JSON.stringify(plain)).slice(
    0,
    1_024,
  );
}

function plainOf(value: Plain, isNested = false): unknown {
  const [[kind, said] = ['', null], ...others] = Object.entries(value);
  if (others.length > 0) throw new Error('ambiguous: several values at once');
  if (kind === 'arrayValue') return list(object(said)['values']).map((one) => plainOf(one, true));
  if (kind === 'kvlistValue') {
    return Object.fromEntries(
      list(object(said)['values']).map((one) => [one['key'] ?? '', plainOf(object(one['value']), true)]),
    );
  }
  if (kind === 'intValue') return isNested && Number.isSafeInteger(Number(said)) ? Number(said) : said;
  return kind === 'bytesValue' ? null : said;
}

function list(value: unknown): Plain[] {
  return Array.isArray(value) ? value.map(object) : [];
}

function object(value: unknown): Plain {
  return isPlain(value) ? value : {};
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function hex(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : '';
}

/** Which calls lack what, one entry a span: the twin of what the decoder tells while it goes. */
export function lackingCalls(spans: readonly Span[], contract: CompiledContract): LackingCalls[] {
  return spans.flatMap((span) => {
    const carried = carriedBy(span, contract);
    const names = contract.required.filter((name) => carried[name] === undefined);
    return span.call === null || names.length === 0 ? [] : [{ service: span.service, calls: 1, names }];
  });
}
