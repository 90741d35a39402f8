import type { Hop } from '../../schemas/audit.js';
import type { AuditedAttribute } from '../../schemas/contract.js';

/** How a tenant's requests go wrong on their way; `clean` where they do not. */
export type FaultName =
  | 'clean'
  | 'baggage-stripped'
  | 'tenant-rewritten'
  | 'tenant-unknown'
  | 'lost-context'
  | 'stream-cut';

/** A finding of severity error that a fault must lead to, once a request. What is lost or wrong often breaks a second rule. */
export interface ExpectedFinding {
  readonly rule: string;
  readonly attribute: AuditedAttribute | null;
  /** Null where no single hop is to blame. */
  readonly hop: Hop | null;
}

export interface Fault {
  readonly name: FaultName;
  /** What goes wrong, for a person. */
  readonly what: string;
  readonly tenants: readonly string[];
  /** Requests per tenant. */
  readonly requests: number;
  /** Billable calls that one request leads to: a failed attempt is a call of its own. */
  readonly callsPerRequest: number;
  readonly expected: readonly ExpectedFinding[];
  /** The HTTP status with which web answers. */
  readonly status: number;
}

const agentToGateway: Hop = { from: 'agent', to: 'gateway' };

/** Every fault that the demo stages, and what the audit has to say of it. The driver and its test share this table. */
export const faults: readonly Fault[] = [
  {
    name: 'clean',
    what: 'all three attributes reach every station',
    tenants: ['acme', 'globex', 'initech'],
    requests: 60,
    callsPerRequest: 1,
    expected: [],
    status: 200,
  },
  {
    name: 'baggage-stripped',
    what: 'the agent drops baggage on its way to the gateway',
    tenants: ['umbrella'],
    requests: 24,
    callsPerRequest: 1,
    expected: [
      { rule: 'dropped', attribute: 'tenant', hop: agentToGateway },
      { rule: 'dropped', attribute: 'feature', hop: agentToGateway },
      { rule: 'dropped', attribute: 'policy', hop: agentToGateway },
    ],
    status: 200,
  },
  {
    name: 'tenant-rewritten',
    what: 'the first target is overloaded; the fallback gateway puts its own tenant in place',
    tenants: ['hooli'],
    requests: 24,
    // The attempt that failed is a call, too: it was sent, and nobody knows what it cost.
    callsPerRequest: 2,
    expected: [
      { rule: 'rewritten', attribute: 'tenant', hop: { from: 'gateway', to: 'gateway-fallback' } },
      { rule: 'policy-mismatch', attribute: 'policy', hop: null },
      { rule: 'no-usage', attribute: null, hop: null },
    ],
    status: 200,
  },
  {
    name: 'tenant-unknown',
    what: "web sends the tenant 'unknown'",
    tenants: ['stark'],
    requests: 24,
    callsPerRequest: 1,
    expected: [{ rule: 'placeholder', attribute: 'tenant', hop: null }],
    status: 200,
  },
  {
    name: 'lost-context',
    what: "the agent's queue is drained by a timer, outside the request that filled it",
    tenants: ['wayne'],
    requests: 24,
    callsPerRequest: 1,
    expected: [
      { rule: 'severed', attribute: null, hop: null },
      { rule: 'missing', attribute: 'tenant', hop: null },
      { rule: 'missing', attribute: 'feature', hop: null },
      { rule: 'missing', attribute: 'policy', hop: null },
    ],
    status: 200,
  },
  {
    name: 'stream-cut',
    what: 'the provider cuts the stream half way: billed, and nobody counted it',
    tenants: ['wonka'],
    requests: 24,
    callsPerRequest: 1,
    expected: [{ rule: 'no-usage', attribute: null, hop: null }],
    status: 502,
  },
];

/** The fault of a tenant's requests; `clean` where there is none, or the tenant is not known. */
export function faultOf(tenant: string | undefined): FaultName {
  return faults.find(({ tenants }) => tenant !== undefined && tenants.includes(tenant))?.name ?? 'clean';
}
