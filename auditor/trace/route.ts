import type { AttributeName } from '../../schemas/contract.js';
import { attributeNames } from '../../schemas/contract.js';
import type { CompiledContract } from '../contract.js';
import type { Carried } from './carried.js';
import { carriedBy, NOTHING } from './carried.js';
import { marksOf } from './marks.js';
import type { SpanNode, Top } from './trace.js';

/** OTLP span flags: this bit says that the next one is meaningful, the next that the parent is in another process. */
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** A route of more spans is no honest one; what is further up is not looked at, and the route is not whole. */
const MAX_ROUTE_SPANS = 1_000;

/**
 * So many spans are on all routes of one trace together: ten thousand calls, each below the one before, would
 * otherwise take gigabytes. An honest trace of as many calls is wide and not deep.
 */
const MAX_SPANS_ON_ALL_ROUTES = 500_000;
/** A route is followed so far in any case. */
const LEAST_ROUTE_SPANS = 16;

/** How many spans of each route are followed in a trace of so many billable calls. */
export function maxRouteSpans(calls: number): number {
  return Math.min(MAX_ROUTE_SPANS, Math.max(LEAST_ROUTE_SPANS, Math.floor(MAX_SPANS_ON_ALL_ROUTES / calls)));
}

/** A maximal run of consecutive spans on a route in one service and one process. */
export interface Station {
  readonly service: string;
  /** From the top down. */
  readonly nodes: readonly [SpanNode, ...SpanNode[]];
  /** What each of those spans carries, in the same order. */
  readonly carried: readonly Carried[];
  /** Per attribute, the distinct values that its spans carry, from the top down. */
  readonly values: Readonly<Record<AttributeName, readonly string[]>>;
  /** The attributes that nobody but the caller vouches for, by what the gateway's own record says. */
  readonly claimed: ReadonlySet<AttributeName>;
}

const NONE_CLAIMED: ReadonlySet<AttributeName> = new Set();

/** The path of spans from the trace's top down to a billable call. */
export interface Path {
  readonly call: SpanNode;
  /** The origin first, the call's own station last. */
  readonly stations: readonly [Station, ...Station[]];
  /** Why the path begins where it does; `too-long` where it was cut. */
  readonly top: Top | 'too-long';
  /** Calls above the billable one: they repeat its cost. The nearest first. */
  readonly echoes: readonly SpanNode[];
  /** The `Mark`s of all its spans together. */
  readonly marks: number;
}

/** Walks from a billable call up to the top, or over so many spans, and divides the way into stations. */
export function pathTo(call: SpanNode, contract: CompiledContract, maxSpans = MAX_ROUTE_SPANS): Path {
  const upwards: SpanNode[] = [call];
  const echoes: SpanNode[] = [];
  let at = call;
  while (at.parent !== null && upwards.length < maxSpans) {
    at = at.parent;
    upwards.push(at);
    if (at.span.call !== null) echoes.push(at);
  }
  const [first, ...rest] = runs(upwards.toReversed()).map((nodes) => station(nodes, contract));
  if (first === undefined) throw new Error('A route has at least the span of its call.');
  let marks = 0;
  for (const node of upwards) marks |= node.marks;
  return { call, stations: [first, ...rest], top: at.top ?? 'too-long', echoes, marks };
}

type Run = [SpanNode, ...SpanNode[]];

function runs(nodes: readonly SpanNode[]): Run[] {
  const all: Run[] = [];
  let current: Run | null = null;
  for (const node of nodes) {
    if (current !== null && !startsStation(node, current[0])) {
      current.push(node);
    } else {
      current = [node];
      all.push(current);
    }
  }
  return all;
}

function startsStation({ span }: SpanNode, above: SpanNode): boolean {
  return span.service !== above.span.service || (span.flags & HAS_IS_REMOTE && span.flags & IS_REMOTE) !== 0;
}

function station(nodes: Run, contract: CompiledContract): Station {
  const carried = nodes.map((node) => carriedAt(node, contract));
  const hasRecord = nodes.some(({ record }) => record !== null);
  const shown = hasRecord ? [...carried, ...nodes.map((node) => claimsAt(node, contract))] : carried;
  const claimed = hasRecord ? onlyClaimed(nodes, carried, contract) : NONE_CLAIMED;
  return { service: nodes[0].span.service, nodes, carried, values: distinctValues(shown), claimed };
}

function distinctValues(shown: readonly Carried[]): Station['values'] {
  const values = { tenant: [], feature: [], policy: [], user: [] };
  let before: Carried | null = null;
  for (const one of shown) {
    // Nearly every span repeats what its parent carries.
    if (one === before) continue;
    before = one;
    addDistinct(values.tenant, one.tenant);
    addDistinct(values.feature, one.feature);
    addDistinct(values.policy, one.policy);
    addDistinct(values.user, one.user);
  }
  return values;
}

function addDistinct(values: string[], value: string | undefined): void {
  if (value !== undefined && !values.includes(value)) values.push(value);
}

/**
 * What a span carries, worked out once, since several calls share the upper part of their routes; what a gateway
 * vouches for goes before what it was told. A span that carries the same as its parent shares its object.
 */
function carriedAt(node: SpanNode, contract: CompiledContract): Carried {
  if (node.carried !== null) return node.carried;
  const all = carriedBy(node.span, contract);
  const own = node.record === null ? all : joined(carriedBy(node.span, contract, node.record.claimed), all);
  const above = node.parent?.carried ?? null;
  node.carried = above !== null && attributeNames.every((name) => above[name] === own[name]) ? above : own;
  node.marks = marksOf(node.span);
  return node.carried;
}

function joined(first: Carried, second: Carried): Carried {
  return {
    tenant: first.tenant ?? second.tenant,
    feature: first.feature ?? second.feature,
    policy: first.policy ?? second.policy,
    user: first.user ?? second.user,
  };
}

/** What a record was only told; nothing for an ordinary span. */
function claimsAt({ span, record }: SpanNode, contract: CompiledContract): Carried {
  if (record === null) return NOTHING;
  const vouched = new Set(span.attributes.filter((key, i) => i % 2 === 0 && !record.claimed.has(key)));
  return carriedBy(span, contract, vouched);
}

/** An ordinary span says nothing of where it has a value from: then it is for the contract to trust its service. */
function onlyClaimed(
  nodes: readonly SpanNode[],
  carried: readonly Carried[],
  contract: CompiledContract,
): ReadonlySet<AttributeName> {
  const isVouched = (name: AttributeName): boolean =>
    nodes.some(({ span, record }, i) =>
      record === null
        ? carried[i]?.[name] !== undefined
        : carriedBy(span, contract, record.claimed)[name] !== undefined,
    );
  return new Set(attributeNames.filter((name) => !isVouched(name)));
}
