import { readCall } from '../../auditor/dialects/read-call.js';
import type { CallFacts } from '../../schemas/span.js';

/** Attributes as an SDK takes them; objects are written as JSON. */
export type WrittenAttributes = Readonly<Record<string, string | number | boolean | object>>;

/** What a span with these attributes says of a call. */
export function readSpan(attributes: WrittenAttributes, scopeName = '', scopeVersion = ''): CallFacts | null {
  const texts = Object.entries(attributes).flatMap(([key, value]) => [
    key,
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  ]);
  return readCall(scopeName, scopeVersion, texts);
}
