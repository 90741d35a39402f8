import { describe, expect, it } from 'vitest';
import { buildTrace } from '../../../auditor/trace/trace.js';
import type { Span } from '../../../schemas/span.js';
import { clean, START_US, trace } from '../../support/trace.js';

const [only] = trace().station('web', clean).spans;
const span = (spanId: string, change: Partial<Span> = {}): Span => {
  if (only === undefined) throw new Error('A span is expected.');
  return { ...only, spanId, startUs: START_US, ...change };
};

/** Each span with its parent, or why it has none, in order. */
const tree = (...spans: readonly Span[]) =>
  buildTrace(spans).nodes.map((node) => `${node.span.spanId} < ${node.parent?.span.spanId ?? node.top ?? ''}`);

describe('of spans with one id', () => {
  it.each([
    ['the one that ended last', { endUs: START_US + 9, attributes: [] }, { endUs: START_US + 8 }],
    [
      'of two that ended together, the one with more attributes',
      { attributes: ['b', '2', 'c', '3'] },
      { attributes: ['z', '9'] },
    ],
    ['else always the same one', { name: 'b' }, { name: 'a' }],
  ])('is taken %s, whichever came first', (_, more, less) => {
    const [kept, other] = [span('1', more), span('1', less)];
    for (const spans of [
      [kept, other],
      [other, kept],
      [kept, other, kept],
    ])
      expect(buildTrace(spans).nodes.map((node) => node.span)).toEqual([kept]);
  });
});

describe('the tree of a trace', () => {
  it('is in order of start, then of id', () => {
    const spans = [span('3'), span('1'), span('2'), span('4', { startUs: START_US - 1 })];
    for (const some of [spans, spans.toReversed()])
      expect(buildTrace(some).nodes.map((node) => node.span.spanId)).toEqual(['4', '1', '2', '3']);
  });

  it('tells a root from a span whose parent never came', () => {
    expect(tree(span('1'), span('2', { parentSpanId: '1' }), span('3', { parentSpanId: '9' }))).toEqual([
      '1 < root',
      '2 < 1',
      '3 < parent-missing',
    ]);
  });

  it('is cut above the earliest span of a circle, and nowhere on a way into it', () => {
    const circle = [
      span('1', { parentSpanId: '2' }),
      span('2', { parentSpanId: '3', startUs: START_US + 2 }),
      span('3', { parentSpanId: '4', startUs: START_US - 1 }),
      span('4', { parentSpanId: '2', startUs: START_US + 1 }),
    ];
    for (const spans of [circle, circle.toReversed()])
      expect(tree(...spans)).toEqual(['3 < cycle', '1 < 2', '4 < 2', '2 < 3']);
    const alike = [span('1', { parentSpanId: '2' }), span('2', { parentSpanId: '1' })];
    expect(tree(...alike)).toEqual(['1 < cycle', '2 < 1']);
    expect(tree(...alike.toReversed())).toEqual(['1 < cycle', '2 < 1']);
  });

  it('counts below each span the calls without a call below them, and those that did not fail', () => {
    const web = trace().station('web', clean);
    const agent = web.call('gpt-4o');
    agent.call('gpt-4o', undefined, { span: { status: 2 } });
    agent.inside().call('gpt-4o');
    web.inside();
    const counts = buildTrace(web.spans).nodes.map(({ leaves, unfailedLeaves, hasCallBelow }) => [
      leaves,
      unfailedLeaves,
      hasCallBelow,
    ]);
    expect(counts).toEqual([
      [2, 1, true],
      [2, 1, true],
      [1, 0, false],
      [1, 1, true],
      [1, 1, false],
      [0, 0, false],
    ]);
  });
});
