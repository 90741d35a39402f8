import type { GatewayName, GatewayRecord } from '../../schemas/payload.js';
import type { Usage } from '../../schemas/span.js';
import { providerName } from '../dialects/provider.js';
import type { ReportedCounts } from '../dialects/usage.js';
import { usageFrom } from '../dialects/usage.js';
import type { Entry } from './entries.js';
import { attributesFrom } from './entries.js';
import { pricedUsd } from './fields.js';

/** Why a record cannot be read, for people. */
export interface Unreadable {
  readonly reason: string;
}

/** Reads the records of one gateway, of one form. Neither function throws, whatever it is given. */
export interface Adapter {
  readonly gateway: GatewayName;
  /** Whether a record has this form, told by its keys alone. */
  readonly recognises: (record: unknown) => boolean;
  readonly read: (record: unknown) => GatewayRecord | Unreadable;
}

/** What an adapter finds in a record, before it is put into the canonical form. Empty string: not said. */
export interface Draft {
  readonly recordId: string;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly requestIds: readonly string[];
  readonly startUs: number | null;
  readonly endUs: number | null;
  readonly failed: boolean;
  readonly operation: string;
  readonly provider: string;
  /** The gateway's own spellings of providers, lower case. */
  readonly providerNames?: Readonly<Record<string, string>> | undefined;
  readonly requestModel: string;
  readonly responseModel?: string;
  readonly responseId?: string;
  readonly conversationId?: string;
  readonly stream?: boolean;
  readonly usage: Usage | null;
  readonly usageEstimated?: boolean;
  readonly cacheReplay?: boolean;
  readonly costUsd: string | null;
  readonly vouched: readonly Entry[];
  readonly claimed: readonly Entry[];
}

/** Makes an adapter of what tells a gateway's records and how their fields are found. */
export function adapter(
  gateway: GatewayName,
  recognises: (record: unknown) => boolean,
  draft: (record: unknown) => Draft | Unreadable,
): Adapter {
  return {
    gateway,
    recognises,
    read: (record) => {
      const found = draft(record);
      return 'reason' in found ? found : canonical(gateway, found);
    },
  };
}

/** The usage of counts of which a gateway may know only some. */
export function usageOf(counts: Partial<ReportedCounts>, parts: 'within' | 'beside' = 'within'): Usage | null {
  const none = { input: null, output: null, cacheRead: null, cacheWrite: null };
  return usageFrom({ ...none, reasoning: null, inputAudio: null, outputAudio: null, ...counts }, parts);
}

function canonical(gateway: GatewayName, draft: Draft): GatewayRecord | Unreadable {
  const { recordId, startUs, failed, costUsd } = draft;
  if (recordId === '') return { reason: `The ${gateway} record has no id.` };
  if (startUs === null) return { reason: `The ${gateway} record ${recordId} has no time that could be read.` };
  const provider = providerName(draft.provider, draft.providerNames);
  const requestModel = bareModel(draft.requestModel, provider, draft.providerNames);
  return {
    gateway,
    recordId,
    traceId: hexId(draft.traceId ?? '', 32),
    spanId: hexId(draft.spanId ?? '', 16),
    requestIds: [...new Set(draft.requestIds.filter((id) => id !== ''))],
    startUs,
    endUs: Math.max(startUs, draft.endUs ?? startUs),
    failed,
    call: {
      dialect: `${gateway}-log`,
      operation: draft.operation,
      provider,
      requestModel,
      responseModel: bareModel(draft.responseModel ?? '', provider, draft.providerNames),
      responseId: draft.responseId ?? '',
      conversationId: draft.conversationId ?? '',
      stream: draft.stream ?? false,
      usage: isCounted(draft.usage) ? draft.usage : null,
      usageEstimated: draft.usageEstimated ?? false,
      cacheReplay: draft.cacheReplay ?? false,
      // A gateway books nothing for an attempt that failed, though the provider may have.
      reportedCostUsd: failed ? pricedUsd(costUsd, false) : costUsd,
    },
    vouched: attributesFrom(draft.vouched),
    claimed: attributesFrom(
      draft.claimed,
      draft.vouched.map(([key]) => key),
    ),
  };
}

/** Gateways write 0 where nobody counted; no request to a model has no token at all. */
function isCounted(usage: Usage | null): boolean {
  return usage !== null && !Object.values(usage).every((count) => count === 0 || count === null);
}

function hexId(text: string, digits: 16 | 32): string | null {
  const id = text.toLowerCase();
  return id.length === digits && /^[0-9a-f]+$/.test(id) && !/^0+$/.test(id) ? id : null;
}

/** Cuts off nothing but the call's own provider: other models have a slash in their names by right. */
function bareModel(said: string, provider: string, names: Draft['providerNames']): string {
  const slash = said.indexOf('/');
  return slash > 0 && providerName(said.slice(0, slash), names) === provider ? said.slice(slash + 1) : said;
}
