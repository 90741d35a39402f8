import { diag } from '@opentelemetry/api';
import { FEATURE_ID, POLICY_ID, TENANT_ID, USER_ID } from '../schemas/attributes.js';

/** Who a piece of work belongs to and who pays for it. */
export interface Attribution {
  readonly tenant?: string | undefined;
  readonly feature?: string | undefined;
  /** The id of the budget policy. */
  readonly policy?: string | undefined;
  readonly user?: string | undefined;
}

export type Field = keyof Attribution;

export const fields: readonly Field[] = ['tenant', 'feature', 'policy', 'user'];

/** The baggage key of each field, which is also its key on spans. */
export const keys: Readonly<Record<Field, string>> = {
  tenant: TENANT_ID,
  feature: FEATURE_ID,
  policy: POLICY_ID,
  user: USER_ID,
};

/** The baggage entries that are stamped on spans. */
export const attributionKeys: readonly string[] = Object.values(keys);

const MAX_LENGTH = 256;

/** Control characters, and halves of characters, which make `encodeURIComponent` throw when baggage is written. */
const UNUSABLE = /[\p{Cc}\p{Cs}]/u;
const HALF_CHARACTER = /\p{Cs}/u;

/**
 * The fields that can be used: strings of 1 to 256 characters without control characters or halves of characters.
 * Others are left out, and the first bad value of each field is a warning in the OpenTelemetry log. Never throws.
 *
 * @param attribution what the application gave, which in plain JavaScript may be anything
 */
export function usableFields(attribution: unknown): Attribution {
  const usable: Partial<Record<Field, string>> = {};
  if (typeof attribution !== 'object' || attribution === null) return usable;
  for (const field of fields) {
    const value = usableValue(field, read(attribution, field));
    if (value !== undefined) usable[field] = value;
  }
  return usable;
}

/** The value of one field, if it can be used. Never throws. */
export function usableValue(field: Field, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const problem = problemOf(value);
  if (typeof value === 'string' && problem === null) return value;
  warnOnce(field, problem ?? '');
  return undefined;
}

/** A getter of the application may throw, and that must not reach the application through us. */
function read(attribution: object, field: Field): unknown {
  try {
    return Reflect.get(attribution, field);
  } catch (error) {
    warnOnce(field, `could not be read (${error instanceof Error ? error.message : String(error)})`);
    return undefined;
  }
}

/** Fields that were warned of: a bad value on a hot path must not flood the log of the app. */
const warned = new Set<Field>();

function warnOnce(field: Field, problem: string): void {
  if (warned.has(field)) return;
  warned.add(field);
  diag.warn(
    `Attribution: ${field} ${problem} and is left out. Give a string of 1 to ${MAX_LENGTH} characters. ` +
      `Further bad values of ${field} are left out without a word.`,
  );
}

function problemOf(value: unknown): string | null {
  if (typeof value !== 'string') return value === null ? 'is null' : `is of type ${typeof value}`;
  if (value === '') return 'is empty';
  if (value.length > MAX_LENGTH) return `has ${value.length} characters`;
  if (!UNUSABLE.test(value)) return null;
  return HALF_CHARACTER.test(value) ? 'has half a character' : 'has control characters';
}
