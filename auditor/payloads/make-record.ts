import type { GatewayName, GatewayRecord } from '../../schemas/payload.js';
import type { CallFacts } from '../../schemas/span.js';
import type { Unreadable } from './adapter.js';

/** What an adapter found; what it leaves out was not said. */
export interface FoundRecord {
  readonly gateway: GatewayName;
  readonly recordId: string;
  readonly traceId?: string | null;
  readonly spanId?: string | null;
  readonly requestIds?: readonly string[];
  /** Microseconds since 1970; null: not said. */
  readonly startUs: number | null;
  /** Where only one of end and duration is known, the other follows. */
  readonly endUs?: number | null;
  readonly durationUs?: number;
  readonly failed?: boolean;
  readonly call: Partial<Omit<CallFacts, 'dialect'>> & Pick<CallFacts, 'provider' | 'requestModel' | 'usage'>;
  readonly vouched?: readonly string[];
  readonly claimed?: readonly string[];
}

/** Makes the record of what an adapter found; without an id or a time it cannot be used. */
export function makeRecord({
  gateway,
  recordId,
  startUs,
  endUs = null,
  durationUs = 0,
  traceId = null,
  call,
  ...found
}: FoundRecord): GatewayRecord | Unreadable {
  if (recordId === '') return { reason: 'has no id of its own' };
  const start = startUs ?? (endUs === null ? null : endUs - durationUs);
  if (start === null) return { reason: 'does not say when the request was' };
  return {
    gateway,
    recordId,
    traceId,
    // A span id is unique within its trace alone.
    spanId: traceId === null ? null : (found.spanId ?? null),
    requestIds: [...new Set(found.requestIds ?? [])].filter((id) => id !== ''),
    startUs: start,
    endUs: Math.max(start, endUs ?? start + durationUs),
    failed: found.failed ?? false,
    call: {
      dialect: `${gateway}-log`,
      operation: 'chat',
      responseModel: '',
      responseId: '',
      conversationId: '',
      stream: false,
      usageEstimated: false,
      cacheReplay: false,
      reportedCostUsd: null,
      ...call,
    },
    vouched: found.vouched ?? [],
    claimed: found.claimed ?? [],
  };
}
