import { readFile } from 'node:fs/promises';
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';
import * as z from 'zod';
import { matchesWildcard } from '../../auditor/policy/resolve.js';
import type { CompiledContract } from '../../auditor/contract.js';
import { compileContract } from '../../auditor/contract.js';
import type { Contract } from '../../schemas/contract.js';
import { contractSchema } from '../../schemas/contract.js';
import type { ContractProblem } from './error.js';
import { ContractError } from './error.js';
import { tooDeepAt } from './nesting.js';

/** The contract in force where there is no file: the three attributes, under their own keys. */
export function defaultContract(): Contract {
  return contractSchema.parse({});
}

/**
 * Reads a contract file.
 *
 * @throws ContractError where it is no valid contract; the system's own error where it cannot be read
 */
export async function loadContract(path: string): Promise<Contract> {
  return parseContract(await readFile(path), path);
}

/**
 * Reads a contract from YAML text. An empty file is the default contract.
 *
 * @param file its name in messages
 * @throws ContractError
 */
export function parseContract(yaml: string | Uint8Array, file: string): Contract {
  const lines = new LineCounter();
  const text = decode(yaml, file);
  const deepAt = tooDeepAt(text);
  if (deepAt !== null) throw new ContractError([{ file, ...placeIn(text, deepAt), message: TOO_DEEP }]);
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    logLevel: 'error',
  });
  const at = (offset: number, message: string): ContractProblem => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col), message };
  };
  if (document.errors.length > 0) {
    throw new ContractError(document.errors.map(({ pos, message }) => at(pos[0], message)));
  }
  const parsed = contractSchema.safeParse(unfold(document, file) ?? {});
  const problems = parsed.success ? semanticProblems(parsed.data) : schemaProblems(parsed.error);
  if (problems.length > 0 || !parsed.success) {
    throw new ContractError(problems.map(({ path, message, isKey }) => at(offsetOf(document, path, isKey), message)));
  }
  return parsed.data;
}

const TOO_DEEP = 'The file is nested deeper than any contract.';

function placeIn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function decode(yaml: string | Uint8Array, file: string): string {
  if (typeof yaml === 'string') return yaml;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(yaml);
  } catch {
    throw new ContractError([{ file, line: 1, column: 1, message: 'The file is not UTF-8 text.' }]);
  }
}

function unfold(document: Document.Parsed, file: string): unknown {
  try {
    // Aliases are bounded, so that a small file cannot unfold into a large one.
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ContractError([
      { file, line: 1, column: 1, message: `The aliases of the file cannot be resolved: ${why}.` },
    ]);
  }
}

interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** Whether the key is to blame, not its value. */
  readonly isKey: boolean;
}

function schemaProblems(error: z.ZodError): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: [...issue.path, key],
        isKey: true,
        message: `Unknown key '${key}'${where(issue.path)}.${suggestion(key, knownKeys(issue.path))}`,
      }));
    }
    return [
      {
        path: issue.path,
        isKey: issue.code === 'invalid_key',
        message: `${where(issue.path).trim() || 'The contract'}: ${plain(issue)}`,
      },
    ];
  });
}

function plain(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_union') {
    const reasons = issue.errors.flat().map((one) => plain(one));
    return [...new Set(reasons)].join(', or ');
  }
  if (issue.code === 'invalid_key') return issue.issues.map((one) => plain(one)).join(', and ');
  return issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
}

function where(path: readonly PropertyKey[]): string {
  return path.length === 0 ? '' : ` in ${path.map(String).join('.')}`;
}

/** Made once: a file may be full of unknown keys. */
let inputShape: object | undefined;

function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema: unknown = (inputShape ??= z.toJSONSchema(contractSchema, { io: 'input', unrepresentable: 'any' }));
  for (const part of path) schema = step(schema, part);
  const properties = get(schema, 'properties');
  return properties === undefined ? [] : Object.keys(properties);
}

function step(schema: unknown, part: PropertyKey): unknown {
  if (typeof part === 'number') return get(schema, 'items');
  return get(get(schema, 'properties'), String(part)) ?? get(schema, 'additionalProperties');
}

function get(value: unknown, key: string): object | undefined {
  if (typeof value !== 'object' || value === null || !(key in value)) return undefined;
  const found: unknown = Reflect.get(value, key);
  return typeof found === 'object' && found !== null ? found : undefined;
}

function suggestion(key: string, known: readonly string[]): string {
  const near = known.map((one) => ({ one, distance: editDistance(key.toLowerCase(), one.toLowerCase()) }));
  const best = near.toSorted((a, b) => a.distance - b.distance)[0];
  if (best !== undefined && best.distance <= Math.max(1, Math.floor(key.length / 3)))
    return ` Did you mean '${best.one}'?`;
  return known.length === 0 ? '' : ` Known are: ${known.join(', ')}.`;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** What the schema cannot say: names that clash, and policies that no call can ever match. */
function semanticProblems(contract: Contract): Problem[] {
  return [...clashingKeys(contract), ...clashingIds(contract), ...deadMatches(contract)];
}

function clashingKeys({ attributes }: Contract): Problem[] {
  const owner = new Map<string, string>();
  return Object.entries(attributes).flatMap(([name, { key, aliases }]) =>
    [key, ...aliases].flatMap((one, i) => {
      const other = owner.get(one);
      owner.set(one, name);
      if (other === undefined) return [];
      const path = i === 0 ? ['attributes', name, 'key'] : ['attributes', name, 'aliases', i - 1];
      return [{ path, isKey: false, message: `The key '${one}' stands for both ${other} and ${name}.` }];
    }),
  );
}

function clashingIds({ policies, alerts }: Contract): Problem[] {
  return [
    ...repeatedIds(policies, 'policy', ['policies']),
    ...repeatedIds(alerts.channels, 'channel', ['alerts', 'channels']),
  ];
}

function repeatedIds(items: readonly { readonly id: string }[], what: string, path: readonly PropertyKey[]): Problem[] {
  return items.flatMap(({ id }, i) =>
    items.findIndex((other) => other.id === id) === i
      ? []
      : [{ path: [...path, i, 'id'], isKey: false, message: `The ${what} id '${id}' is used twice.` }],
  );
}

function deadMatches(contract: Contract): Problem[] {
  const compiled = compileContract(contract);
  return contract.policies.flatMap(({ id, match }, i) =>
    (['tenant', 'feature'] as const).flatMap((name) => {
      const patterns = match[name];
      if (patterns === undefined || patterns.some((pattern) => canMatch(pattern, name, compiled))) return [];
      const message = `The policy '${id}' can match nothing: the contract allows no ${name} such as ${patterns.map((one) => `'${one}'`).join(', ')}.`;
      return [{ path: ['policies', i, 'match', name], isKey: false, message }];
    }),
  );
}

function canMatch(pattern: string, name: 'tenant' | 'feature', contract: CompiledContract): boolean {
  const { values } = contract.source.attributes[name];
  if (values === undefined) return true;
  if (Array.isArray(values)) return values.some((value) => matchesWildcard(pattern, value));
  // Whether a wildcard and a regular expression have a value in common is not decided here: only plain values are.
  return pattern.includes('*') || contract.isRegistered(name, pattern);
}

/** Where in the text a path stands; the nearest part above it that exists where it does not. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[], isKey: boolean): number {
  let node: unknown = document.contents;
  let offset = rangeOf(node);
  for (const [i, part] of path.entries()) {
    const isLast = i === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (pair === undefined) return offset;
      offset = (isLast && isKey) || pair.value === null ? rangeOf(pair.key) : rangeOf(pair.value);
      node = pair.value;
    } else if (isSeq(node) && typeof part === 'number') {
      node = node.items[part];
      offset = node === undefined ? offset : rangeOf(node);
    } else return offset;
  }
  return offset;
}

function rangeOf(node: unknown): number {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return 0;
  const start: unknown = node.range[0];
  return typeof start === 'number' ? start : 0;
}
