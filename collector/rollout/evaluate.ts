import * as z from 'zod';
import type { CompiledContract } from '../../auditor/contract.js';
import { resolvePolicy } from '../../auditor/policy/resolve.js';
import type { RolloutMode } from '../../schemas/rollout.js';
import type { EffectiveMode, EffectiveModes } from './modes.js';

/** The flag that says how far enforcement is rolled out. */
export const ENFORCEMENT_FLAG = 'waybill.enforcement';

const named = z.string().nullish();

/**
 * The evaluation context: what else an application puts in is nothing to us. Without a transform: at thousands of requests
 * a second what zod keeps of each of those outlives them, and the pauses to collect it are milliseconds.
 */
const requestSchema = z.object({
  context: z.object({ targetingKey: named, tenant: named, feature: named, policy: named }),
});

/** Whose request it is, as an evaluation context says. */
export interface EvaluationContext {
  readonly tenant: string;
  readonly feature: string | null;
  readonly policy: string | null;
}

/** An evaluation that cannot be made, by the error codes of OpenFeature. The message is for a person. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';

  constructor(
    readonly code: 'FLAG_NOT_FOUND' | 'PARSE_ERROR' | 'INVALID_CONTEXT' | 'TARGETING_KEY_MISSING',
    message: string,
  ) {
    super(message);
  }
}

/**
 * Reads the body of an evaluation request. The tenant is `tenant`, else the targeting key.
 *
 * @throws EvaluationError
 */
export function readContext(body: Uint8Array): EvaluationContext {
  const parsed = requestSchema.safeParse(parsedJson(body));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.join('.') ?? '';
    throw new EvaluationError('INVALID_CONTEXT', `${where === '' ? 'The request' : where}: ${issue?.message ?? ''}.`);
  }
  const { context } = parsed.data;
  const subject = stated(context.tenant) ?? stated(context.targetingKey);
  if (subject === null) {
    throw new EvaluationError(
      'TARGETING_KEY_MISSING',
      "The context names no tenant: set 'tenant', or the targeting key, and 'policy' or 'feature' beside it.",
    );
  }
  return { tenant: subject, feature: stated(context.feature), policy: stated(context.policy) };
}

function stated(value: string | null | undefined): string | null {
  return value === undefined || value === '' ? null : value;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function parsedJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(UTF8.decode(body));
  } catch {
    throw new EvaluationError('PARSE_ERROR', 'The body is not JSON in UTF-8.');
  }
}

/** What OFREP answers for one flag. */
export interface Evaluation {
  readonly key: string;
  readonly value: RolloutMode;
  readonly variant: string;
  readonly reason: 'TARGETING_MATCH' | 'DEFAULT' | 'STALE';
  readonly metadata: Readonly<Record<string, string | boolean>>;
}

/**
 * Evaluates `waybill.enforcement` for a request. Where it names no policy, the contract says which one covers its tenant
 * and feature.
 *
 * Reasons are OpenFeature's. OFREP refers to these, and lists a part of them; its providers pass any of them on.
 * https://openfeature.dev/specification/types/#resolution-reason
 */
export function evaluate(modes: EffectiveModes, contract: CompiledContract, asked: EvaluationContext): Evaluation {
  const { tenant, policy } = asked;
  const under = policy ?? resolvePolicy(asked, contract).resolved?.id ?? null;
  const effective = modes.modeOf({ tenant, policy: under });
  const { mode, stale, rollout } = effective;
  return {
    key: ENFORCEMENT_FLAG,
    value: mode,
    variant: mode,
    reason: stale ? 'STALE' : rollout === null ? 'DEFAULT' : 'TARGETING_MATCH',
    metadata: metadataOf(effective, tenant, under),
  };
}

/** Strings and booleans alone: what is not known is left out. */
function metadataOf(
  { asked, gate, blocker, since, stale, rollout }: EffectiveMode,
  tenant: string,
  policy: string | null,
): Evaluation['metadata'] {
  return {
    tenant,
    ...(policy === null ? {} : { policy }),
    asked,
    gate,
    stale,
    ...(blocker === '' ? {} : { firstBlocker: blocker }),
    ...(since === null ? {} : { since }),
    ...(rollout === null ? {} : { rolloutTenant: rollout.tenant, rolloutPolicy: rollout.policy }),
  };
}
