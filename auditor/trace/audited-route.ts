import type { Join } from '../../schemas/audit.js';
import { joinSchema } from '../../schemas/audit.js';
import type { AuditedAttribute } from '../../schemas/contract.js';
import type { CompiledContract } from '../contract.js';
import type { Billing } from '../cost/billing.js';
import { billingOf } from '../cost/billing.js';
import type { RouteSignature } from '../provenance/signatures.js';
import { signaturesOn } from '../provenance/signatures.js';
import type { Resolution } from '../policy/resolve.js';
import { resolvePolicy } from '../policy/resolve.js';
import type { Passage } from './passage.js';
import { passageOf } from './passage.js';
import type { Path, Station } from './route.js';
import { pathTo } from './route.js';
import type { SpanNode, Trace } from './trace.js';
import type { ValueProblem } from './value-problem.js';
import { problemsOn } from './value-problem.js';

/** The station at which a request would be stopped. */
export interface EnforcementPoint {
  /** Its index on the route. */
  readonly at: number;
  readonly service: string;
}

/** A path with all that was worked out about it: what the rules look at. */
export interface Route extends Path {
  readonly trace: Trace;
  readonly passages: Readonly<Record<AuditedAttribute, Passage>>;
  /** What is wrong with any value of a required attribute on it; worked out when it is asked for. */
  readonly problems: () => ReadonlySet<ValueProblem>;
  /** Null where the contract has enforcement points and the route crosses none. */
  readonly enforcement: EnforcementPoint | null;
  readonly billing: Billing;
  readonly signatures: readonly RouteSignature[];
  /** The weakest join of the records on it; null where there is none. */
  readonly join: Join | null;
  readonly policy: Resolution;
}

/** Works out all that the rules look at for one billable call, over so many spans of its route at most. */
export function routeTo(call: SpanNode, trace: Trace, contract: CompiledContract, maxSpans?: number): Route {
  const path = pathTo(call, contract, maxSpans);
  let problems: ReadonlySet<ValueProblem> | undefined;
  const signatures = signaturesOn(path.stations, call.span.startUs, contract);
  const passages = {
    tenant: passageOf('tenant', path.stations, contract, signatures),
    feature: passageOf('feature', path.stations, contract, signatures),
    policy: passageOf('policy', path.stations, contract, signatures),
  };
  return {
    call: path.call,
    stations: path.stations,
    top: path.top,
    echoes: path.echoes,
    marks: path.marks,
    trace,
    passages,
    problems: () => (problems ??= problemsOn(path.stations, contract)),
    enforcement: enforcementPoint(path, contract),
    billing: billingOf(path, contract),
    signatures,
    join: trace.hasRecords ? weakestJoin(path.stations) : null,
    policy: resolvePolicy(
      { tenant: passages.tenant.value, feature: passages.feature.value, policy: passages.policy.value },
      contract,
    ),
  };
}

/**
 * The first station whose service enforces, since that is where a request would be stopped; the call's own station
 * where the contract marks none.
 */
function enforcementPoint(path: Path, contract: CompiledContract): EnforcementPoint | null {
  if (!contract.namesEnforcement) return { at: path.stations.length - 1, service: callStation(path).service };
  const at = path.stations.findIndex(({ service }) => contract.services.get(service)?.enforces === true);
  const point = path.stations[at];
  return point === undefined ? null : { at, service: point.service };
}

/** The call's own station. */
export function callStation({ stations }: Path): Station {
  return stations.at(-1) ?? stations[0];
}

function weakestJoin(stations: readonly Station[]): Join | null {
  const joins = stations.flatMap(({ nodes }) => nodes.flatMap(({ record }) => record?.join ?? []));
  const strengths = joins.map((join) => joinSchema.options.indexOf(join));
  return joinSchema.options[Math.max(-1, ...strengths)] ?? null;
}
