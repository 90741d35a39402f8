import type * as z from 'zod';
import type { CompiledContract } from '../../auditor/contract.js';
import type { Role } from '../../schemas/key.js';
import type { AuditedAction } from '../keys/audit-log.js';
import type { Caller } from '../keys/key-ring.js';
import type { Store } from '../store/client.js';
import { readQuery } from './request.js';

/** What a question is answered from. */
export interface QuestionContext {
  readonly store: Store;
  readonly contract: CompiledContract;
  /** The present, microseconds since 1970. */
  readonly nowUs: number;
  readonly caller: Caller;
  /** Writes into the audit log what the caller did. */
  readonly note: (action: AuditedAction, detail: string) => void;
  /** Is told how far long work has come, where somebody wants to know. */
  readonly tell?: (done: number, of: number) => void;
}

/** One question of the API: its path, what it takes, and what it answers. The reference is generated from it. */
export interface Question {
  /** Below `/v1`. */
  readonly path: string;
  readonly summary: string;
  readonly query: z.ZodObject;
  readonly response: z.ZodType;
  /** What a key must be for; `read` where left out. */
  readonly role?: Role;
  /** Whether it makes sense to who sees the calls of some tenants alone. */
  readonly isForTenants?: boolean;
  /** Whether it takes long, and says how far it has come to whoever accepts lines of JSON. */
  readonly takesLong?: boolean;
  /** Answers the query string of a request. @throws BadRequest */
  readonly answer: (queryString: unknown, context: QuestionContext) => Promise<unknown>;
}

/** Makes a question whose query string is read by its own schema. */
export function question<Query extends z.ZodObject>({
  answer,
  ...described
}: Omit<Question, 'query' | 'answer'> & {
  readonly query: Query;
  readonly answer: (query: z.infer<Query>, context: QuestionContext) => Promise<unknown>;
}): Question {
  return { ...described, answer: (queryString, context) => answer(readQuery(described.query, queryString), context) };
}
