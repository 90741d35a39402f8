import type { Attribution, Field } from './attribution-fields.js';
import { fields, keys, usableFields } from './attribution-fields.js';

/** Headers of a request; names in any case. */
type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Where a gateway looks for attribution in the headers of a request. */
interface Carrier {
  /** Header of one field each. */
  readonly plain?: Partial<Readonly<Record<Field, string>>>;
  /** Header that holds a JSON object of strings, and the field's name in it where that is not its key. */
  readonly json?: string;
  readonly jsonNames?: Partial<Readonly<Record<Field, string>>>;
  /** How much the JSON object may hold. */
  readonly maxEntries?: number;
  readonly maxBytes?: number;
}

const carriers = {
  litellm: {
    plain: { tenant: 'x-litellm-customer-id', user: 'x-litellm-end-user-id' },
    json: 'x-litellm-spend-logs-metadata',
  },
  portkey: { json: 'x-portkey-metadata', jsonNames: { user: '_user' } },
  helicone: {
    plain: {
      tenant: 'helicone-property-tenant.id',
      feature: 'helicone-property-feature.id',
      policy: 'helicone-property-budget.policy.id',
      user: 'helicone-user-id',
    },
  },
  cloudflare: { json: 'cf-aig-metadata', maxEntries: 5 },
  langwatch: { plain: { user: 'x-langwatch-end-user-id' }, json: 'x-langwatch-metadata', maxBytes: 4_096 },
  bifrost: {
    plain: {
      tenant: 'x-bf-dim-tenant.id',
      feature: 'x-bf-dim-feature.id',
      policy: 'x-bf-dim-budget.policy.id',
      user: 'x-bf-dim-user.id',
    },
  },
} as const satisfies Record<string, Carrier>;

/** A gateway whose headers are known. */
export type Gateway = keyof typeof carriers;

/** The gateways whose headers are known. */
export const gateways: readonly Gateway[] = Object.keys(carriers).filter(isGateway);

export function isGateway(name: string): name is Gateway {
  return Object.hasOwn(carriers, name);
}

/**
 * The headers in which a gateway looks for attribution, with the values in them.
 *
 * ```ts
 * fetch(url, { headers: carrierHeaders('litellm', getAttribution()) });
 * ```
 *
 * @param present headers that the request has already. Theirs win, and a JSON object of theirs is added to: entries of
 *   attribution that would go over the gateway's limit (Cloudflare's five, LangWatch's 4 KB) are left out, tenant last
 * @returns the headers to set, names in lower case; none where there is no attribution
 */
export function carrierHeaders(
  gateway: Gateway,
  attribution: Attribution,
  present: Headers = {},
): Record<string, string> {
  const carrier: Carrier = carriers[gateway];
  const values = usableFields(attribution);
  const headers: Record<string, string> = {};
  for (const field of fields) {
    const name = carrier.plain?.[field];
    const value = values[field];
    if (name === undefined || value === undefined || headerOf(present, name) !== undefined) continue;
    // A header is Latin-1 and would be refused, with the application's request: what is not ASCII cannot travel so.
    if (isAscii(value)) headers[name] = value;
  }
  if (carrier.json === undefined) return headers;
  const before = headerOf(present, carrier.json);
  const object = before === undefined ? {} : objectOf(before);
  // Something that is not an object is the application's own affair.
  if (object === null) return headers;
  const written = jsonWith(carrier, values, object);
  if (written !== null) headers[carrier.json] = written;
  return headers;
}

/** Attribution in the headers of a request to a gateway: the other way round. Nothing in headers can throw. */
export function attributionInCarrier(gateway: Gateway, headers: Headers): Attribution {
  const carrier: Carrier = carriers[gateway];
  const json = carrier.json === undefined ? undefined : headerOf(headers, carrier.json);
  const object = (json === undefined ? null : objectOf(json)) ?? {};
  const found: Partial<Record<Field, unknown>> = {};
  for (const field of fields) {
    const name = carrier.plain?.[field];
    const plain = name === undefined ? undefined : headerOf(headers, name);
    const inJson = nameInJson(carrier, field);
    found[field] = plain ?? (Object.hasOwn(object, inJson) ? object[inJson] : undefined);
  }
  return usableFields(found);
}

function jsonWith(carrier: Carrier, values: Attribution, before: Readonly<Record<string, unknown>>): string | null {
  let written: string | null = null;
  let object = { ...before };
  for (const field of fields) {
    const name = nameInJson(carrier, field);
    const value = values[field];
    if (value === undefined || Object.hasOwn(object, name)) continue;
    const more = { ...object, [name]: value };
    const text = asciiJson(more);
    if (Object.keys(more).length > (carrier.maxEntries ?? Infinity) || text.length > (carrier.maxBytes ?? Infinity))
      break;
    object = more;
    written = text;
  }
  return written;
}

function nameInJson({ jsonNames }: Carrier, field: Field): string {
  return jsonNames?.[field] ?? keys[field];
}

/** JSON that can stand in a header: RFC 8259 section 7 lets any character be written as an escape. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function isAscii(value: string): boolean {
  return /^[\x20-\x7e]*$/.test(value);
}

function headerOf(headers: Headers, name: string): string | undefined {
  const found = Object.entries(headers).find(([one]) => one.toLowerCase() === name)?.[1];
  return typeof found === 'string' ? found : found?.[0];
}

function objectOf(json: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    // Not JSON: there is no attribution in it, and nothing that could be added to.
    return null;
  }
}
