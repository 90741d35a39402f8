import { describe, expect, it } from 'vitest';
import { idsOf, neighboursOf } from '../../../auditor/trace/neighbours.js';
import type { Span } from '../../../schemas/span.js';
import { clean, START_US, trace } from '../../support/trace.js';

const client = (attributes: readonly string[], change: Partial<Span> = {}): Partial<Span> => ({
  kind: 3,
  attributes,
  ...change,
});
const inside = { startUs: START_US + 10_000, endUs: START_US + 20_000 };

/** The top span of a torn trace. */
function torn(attributes: readonly string[] = [], change: Partial<Span> = {}): Span {
  const [top] = trace(9).station('litellm', {}, { attributes, ...inside, ...change }).spans;
  if (top === undefined) throw new Error('A trace has a top span.');
  return top;
}

function callerOf(top: Span, ...others: readonly (readonly Span[])[]): string | null {
  const ids = new Set(['response r1', 'conversation c1']);
  const caller = neighboursOf([...others.flat(), top]).callerOf(top, ids);
  return caller === null ? null : `${caller.traceId.slice(-1)} ${caller.service}`;
}

const from = (number: number, change: Partial<Span>) => trace(number).station('web', clean).inside({}, change).spans;

describe('the caller of a torn trace', () => {
  it('is the client span that encloses it and was sent to a host called as the service', () => {
    expect(callerOf(torn(), from(1, client(['server.address', 'litellm'])))).toBe('1 web');
    expect(callerOf(torn(), from(1, client(['server.address', 'litellm.svc.cluster.local'])))).toBe('1 web');
    expect(callerOf(torn(), from(1, client(['server.address', 'other'])))).toBeNull();
  });

  it('is the client span that was sent to its address and port', () => {
    const top = torn(['server.address', '10.0.0.7', 'server.port', '4000']);
    expect(callerOf(top, from(1, client(['server.address', '10.0.0.7', 'server.port', '4000'])))).toBe('1 web');
    expect(callerOf(top, from(1, client(['server.address', '10.0.0.7'])))).toBe('1 web');
    expect(callerOf(top, from(1, client(['server.address', '10.0.0.7', 'server.port', '4001'])))).toBeNull();
    const portless = torn(['server.address', '10.0.0.7']);
    expect(callerOf(portless, from(1, client(['server.address', '10.0.0.7', 'server.port', '4000'])))).toBe('1 web');
  });

  it('is none where the client span does not enclose it, is no client span, or is of the same trace', () => {
    const address = ['server.address', 'litellm'];
    expect(callerOf(torn(), from(1, client(address, { endUs: START_US + 15_000 })))).toBeNull();
    expect(callerOf(torn(), from(1, client(address, { startUs: START_US + 15_000 })))).toBeNull();
    expect(callerOf(torn(), from(1, client(address, { kind: 1 })))).toBeNull();
    expect(callerOf(torn(), from(9, client(address)))).toBeNull();
  });

  it('is found among client spans in any order, up to the very moments at which it began and ended', () => {
    const address = ['server.address', 'litellm'];
    const early = from(1, client(['server.address', 'other'], { startUs: START_US }));
    const exact = from(2, client(address, inside));
    const late = from(3, client(address, { startUs: inside.startUs + 1 }));
    const torn_ = torn();
    for (const order of [
      [early, exact, late],
      [late, exact, early],
      [exact, late, early],
    ])
      expect(callerOf(torn_, ...order)).toBe('2 web');
    expect(callerOf(torn_, late)).toBeNull();
  });

  it('is looked for among the last thousand that started before', () => {
    const [fitting] = from(1, client(['server.address', 'litellm'], { startUs: START_US })).slice(1);
    const others = (number: number): Span[] =>
      Array.from({ length: number }, (_, i) => ({
        ...torn(['server.address', 'other'], { kind: 3, startUs: START_US + 1 + i }),
        spanId: `${i}`,
      }));
    if (fitting === undefined) throw new Error('A client span is expected.');
    expect(callerOf(torn(), [fitting], others(999))).toBe('1 web');
    expect(callerOf(torn(), [fitting], others(1_000))).toBeNull();
  });

  it('is none where several fit: any could be meant', () => {
    const fitting = client(['server.address', 'litellm']);
    expect(callerOf(torn(), from(1, fitting), from(2, fitting))).toBeNull();
  });

  it('is the call of another service that has the same response or conversation', () => {
    const call = (facts: object, service = 'web') =>
      trace(3).station(service, clean).call('gpt-4o', undefined, { facts }).spans;
    expect(callerOf(torn(), call({ responseId: 'r1' }))).toBe('3 web');
    expect(callerOf(torn(), call({ conversationId: 'c1' }))).toBe('3 web');
    expect(callerOf(torn(), call({ responseId: 'r2' }))).toBeNull();
    expect(callerOf(torn(), call({ responseId: 'r1' }, 'litellm'))).toBeNull();
    const own = trace(9)
      .station('web', clean)
      .call('gpt-4o', undefined, { facts: { responseId: 'r1' } }).spans;
    expect(callerOf(torn(), own)).toBeNull();
  });

  it('is looked for among the spans only when a trace asks, and then they are gone through once', () => {
    let passes = 0;
    const spans = {
      *[Symbol.iterator]() {
        passes += 1;
        yield* from(1, client(['server.address', 'litellm']));
      },
    };
    const { callerOf: ask } = neighboursOf(spans);
    expect(passes).toBe(0);
    for (let i = 0; i < 2; i += 1) expect(ask(torn(), new Set())?.service).toBe('web');
    expect(passes).toBe(1);
  });

  it('is known by the ids of its response and its conversation, where it has any', () => {
    const idsWith = (facts: object) =>
      trace()
        .station('web', clean)
        .call('gpt-4o', undefined, { facts })
        .spans.flatMap((span) => idsOf(span));
    expect(idsWith({ responseId: 'r1', conversationId: 'c1' })).toEqual(['response r1', 'conversation c1']);
    expect(idsWith({ conversationId: 'c1' })).toEqual(['conversation c1']);
    expect(idsWith({})).toEqual([]);
  });
});
