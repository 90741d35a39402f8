import type { Baggage } from '@opentelemetry/api';
import { context, diag, propagation } from '@opentelemetry/api';
import { FEATURE_ID, POLICY_ID, TENANT_ID, USER_ID } from '../schemas/attributes.js';

/** Who a piece of work belongs to and who pays for it. */
export interface Attribution {
  readonly tenant?: string | undefined;
  readonly feature?: string | undefined;
  /** The id of the budget policy. */
  readonly policy?: string | undefined;
  readonly user?: string | undefined;
}

const MAX_LENGTH = 256;
const CONTROL_CHARACTER = /\p{Cc}/u;

const fields: readonly (keyof Attribution)[] = ['tenant', 'feature', 'policy', 'user'];

/** The baggage key of each field, which is also its key on spans. */
const keys: Readonly<Record<keyof Attribution, string>> = {
  tenant: TENANT_ID,
  feature: FEATURE_ID,
  policy: POLICY_ID,
  user: USER_ID,
};

/** The baggage entries that are stamped on spans. */
export const attributionKeys: readonly string[] = Object.values(keys);

/**
 * Runs `fn` with attribution: every span started inside it carries the values, and every request made inside it
 * takes them along as W3C baggage. Call it where a request has been authenticated.
 *
 * ```ts
 * app.use((request, response, next) => withAttribution({ tenant: request.tenant, feature: 'chat' }, next));
 * ```
 *
 * A field that is left out keeps the value that the context already has. A value that is not a string of 1 to 256
 * characters without control characters is left out; the first one of each field is a warning in the OpenTelemetry log.
 *
 * @returns what `fn` returns
 * @throws only what `fn` throws
 */
export function withAttribution<T>(attribution: Attribution, fn: () => T): T {
  return context.with(propagation.setBaggage(context.active(), baggageWith(attribution)), fn);
}

/** The attribution of the active context. */
export function getAttribution(): Attribution {
  const baggage = propagation.getActiveBaggage();
  const found: Partial<Record<keyof Attribution, string>> = {};
  for (const field of fields) {
    const value = baggage?.getEntry(keys[field])?.value;
    if (value !== undefined) found[field] = value;
  }
  return found;
}

/**
 * The present baggage with the values in front: OpenTelemetry sends 8,192 bytes of it in order of insertion and
 * silently drops the rest, so what comes last is lost first.
 */
function baggageWith(attribution: Attribution): Baggage {
  const before = propagation.getActiveBaggage();
  let baggage = propagation.createBaggage();
  for (const field of fields) {
    const value = usable(field, attribution) ?? before?.getEntry(keys[field])?.value;
    if (value !== undefined) baggage = baggage.setEntry(keys[field], { value });
  }
  for (const [key, entry] of before?.getAllEntries() ?? []) {
    if (!attributionKeys.includes(key)) baggage = baggage.setEntry(key, entry);
  }
  return baggage;
}

/** The value of a field; undefined where there is none or it cannot be used. */
function usable(field: keyof Attribution, attribution: Attribution): string | undefined {
  // Callers in plain JavaScript may hand over anything, and must not be harmed by it.
  const value: unknown = (attribution as Attribution | null | undefined)?.[field];
  if (value === undefined) return undefined;
  const problem = problemOf(value);
  if (problem === null && typeof value === 'string') return value;
  warnOnce(field, problem ?? '');
  return undefined;
}

/** Fields that were warned of: a bad value on a hot path must not flood the log of the app. */
const warned = new Set<string>();

function warnOnce(field: keyof Attribution, problem: string): void {
  if (warned.has(field)) return;
  warned.add(field);
  diag.warn(
    `withAttribution: ${field} ${problem} and is left out. Give a string of 1 to ${MAX_LENGTH} characters. ` +
      `Further bad values of ${field} are left out without a word.`,
  );
}

function problemOf(value: unknown): string | null {
  if (typeof value !== 'string') return value === null ? 'is null' : `is of type ${typeof value}`;
  if (value === '') return 'is empty';
  if (value.length > MAX_LENGTH) return `has ${value.length} characters`;
  return CONTROL_CHARACTER.test(value) ? 'has control characters' : null;
}
