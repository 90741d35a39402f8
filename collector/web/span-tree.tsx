import { Fragment } from 'preact';
import { addTo } from '../../auditor/add-to.js';
import { RECORD_PLACE } from '../../schemas/attributes.js';
import type { Call } from '../../schemas/audit.js';
import type { Span } from '../../schemas/span.js';
import { durationText } from './figures.js';

/** So many spans are listed at most. */
const MOST_SPANS = 500;

interface Placed {
  readonly span: Span;
  readonly depth: number;
}

/** Every span, below its parent, with its raw attributes on demand. */
export function SpanTree({ spans, calls }: { readonly spans: readonly Span[]; readonly calls: readonly Call[] }) {
  const placed = inTreeOrder(spans).slice(0, MOST_SPANS);
  const fromUs = Math.min(...spans.map(({ startUs }) => startUs));
  const lengthUs = Math.max(1, ...spans.map(({ endUs }) => endUs - fromUs));
  return (
    <section class="panel" aria-labelledby="spans">
      <h2 id="spans">Spans, with their raw attributes</h2>
      <ol class="spans">
        {placed.map(({ span, depth }) => (
          <li key={span.spanId}>
            <details>
              <summary>
                <span class="span-name" style={{ paddingLeft: `${Math.min(depth, 12) * 0.9}rem` }}>
                  <strong>{span.service}</strong> {span.name} {partOf(span, calls)}
                </span>
                <svg class="bar-of-time" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                  <rect
                    x={(100 * (span.startUs - fromUs)) / lengthUs}
                    width={Math.max(0.5, (100 * (span.endUs - span.startUs)) / lengthUs)}
                    height="6"
                  />
                </svg>
                <span class="number quiet">{durationText(span.endUs - span.startUs)}</span>
              </summary>
              <RawAttributes span={span} />
            </details>
          </li>
        ))}
      </ol>
      {spans.length > placed.length && (
        <p class="quiet">
          The first {MOST_SPANS} of {spans.length} spans.
        </p>
      )}
    </section>
  );
}

/** What a span is among the calls. */
function partOf({ spanId, attributes, call }: Span, calls: readonly Call[]) {
  const repeated = calls.filter(({ echoSpanIds }) => echoSpanIds.includes(spanId)).length;
  return (
    <>
      {attributes[0] === RECORD_PLACE && <span class="tag">gateway record</span>}
      {calls.some((one) => one.spanId === spanId) && <span class="tag good">billable call</span>}
      {repeated === 1 && <span class="tag">echo, counted once</span>}
      {repeated > 1 && <span class="tag">roll-up, counted once</span>}
      {call?.cacheReplay === true && <span class="tag">from cache</span>}
    </>
  );
}

function RawAttributes({ span }: { readonly span: Span }) {
  const pairs = span.attributes.flatMap((key, i) =>
    i % 2 === 0 ? [[key, span.attributes[i + 1] ?? ''] as const] : [],
  );
  return (
    <dl class="facts raw">
      <dt>span id</dt>
      <dd>{span.spanId}</dd>
      <dt>parent</dt>
      <dd>{span.parentSpanId ?? 'none'}</dd>
      <dt>scope</dt>
      <dd>
        {span.scopeName} {span.scopeVersion}
      </dd>
      {pairs.map(([key, value]) => (
        <Fragment key={key}>
          <dt>{key}</dt>
          <dd>{value === '' ? '(empty)' : value}</dd>
        </Fragment>
      ))}
      {pairs.length === 0 && (
        <>
          <dt>attributes</dt>
          <dd>none that bear on attribution</dd>
        </>
      )}
    </dl>
  );
}

/** Parents before children, siblings by start. What names a parent that is not here, or itself, stands on top. */
function inTreeOrder(spans: readonly Span[]): Placed[] {
  const byStart = spans.toSorted((a, b) => a.startUs - b.startUs || (a.spanId < b.spanId ? -1 : 1));
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const below = new Map<string, Span[]>();
  for (const span of byStart) {
    const { parentSpanId } = span;
    addTo(below, parentSpanId !== null && ids.has(parentSpanId) ? parentSpanId : '', span);
  }
  const placed: Placed[] = [];
  const seen = new Set<string>();
  const waiting = (below.get('') ?? []).map((span) => ({ span, depth: 0 })).toReversed();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next.span.spanId)) continue;
    seen.add(next.span.spanId);
    placed.push(next);
    const { depth } = next;
    for (const span of (below.get(next.span.spanId) ?? []).toReversed()) waiting.push({ span, depth: depth + 1 });
  }
  // Spans that are each other's parents hang on nothing.
  return [...placed, ...byStart.filter(({ spanId }) => !seen.has(spanId)).map((span) => ({ span, depth: 0 }))];
}
