import { RECORD_PLACE } from '../../schemas/attributes.js';
import type { Call, Join } from '../../schemas/audit.js';
import type { Span } from '../../schemas/span.js';
import type { TraceView } from '../api/trace-view.js';
import { countText, durationText } from './figures.js';
import { FindingList } from './finding-list.js';
import { RouteTable } from './route-table.js';
import { Usd } from './usd.js';
import type { ViewState } from './view-state.js';
import { plural, Verdict } from './words.js';

interface CallPanelProps {
  readonly call: Call;
  readonly trace: TraceView;
  readonly view: ViewState;
}

/** One billable call: its route, what it cost and why, what repeats it, and what is wrong with it. */
export function CallPanel({ call, trace, view }: CallPanelProps) {
  const { spanId, operation, model, verdict } = call;
  return (
    <section class="panel" aria-labelledby={`title-${spanId}`} id={spanId}>
      <h2 id={`title-${spanId}`}>
        {operation} {model} <Verdict of={verdict} />
        {call.misattributed && <span class="tag error">misattributed</span>}
        {call.failed && <span class="tag">failed</span>}
      </h2>
      <RouteTable call={call} label={`Route to ${operation} ${model}`} />
      <div class="columns">
        <div>
          <h3>Cost</h3>
          <CostFacts call={call} trace={trace} />
        </div>
        <div>
          <h3>Findings</h3>
          <FindingList findings={call.findings} view={view} />
        </div>
      </div>
    </section>
  );
}

const JOINS: Readonly<Record<Join, string>> = {
  span: 'by trace and span id',
  'response-id': 'by the provider’s response id',
  'request-id': 'by the gateway’s request id',
  trace: 'by the trace id, model and tokens',
  'time-model-tokens': 'guessed by time, model and tokens',
  none: 'joined to no span',
};

function CostFacts({ call, trace }: Pick<CallPanelProps, 'call' | 'trace'>) {
  const records = recordsOn(call, trace.spans);
  return (
    <dl class="facts">
      <dt>Cost</dt>
      <dd>{call.costUsd === null ? 'unknown' : <Usd amount={call.costUsd} />}</dd>
      <dt>Usage</dt>
      <dd>{usageText(call)}</dd>
      <dt>Price from</dt>
      <dd>{call.priceSource ?? 'no price for this model'}</dd>
      {call.reportedCostUsd !== null && (
        <>
          <dt>Reported</dt>
          <dd>
            <Usd amount={call.reportedCostUsd} /> by the gateway or the instrumentation
          </dd>
        </>
      )}
      <dt>Provider</dt>
      <dd>
        {call.provider || 'not said'}, read as {call.dialect}
      </dd>
      <dt>Took</dt>
      <dd>{durationText(call.durationUs)}</dd>
      <dt>Policy</dt>
      <dd>{call.policy ?? 'resolves to none'}</dd>
      {call.user !== null && (
        <>
          <dt>User</dt>
          <dd>{call.user}</dd>
        </>
      )}
      {call.join !== null && (
        <>
          <dt>Gateway record</dt>
          <dd>
            {records.map(({ service }) => service).join(', ') || 'one'}, {JOINS[call.join]}
          </dd>
        </>
      )}
      {call.echoSpanIds.length > 0 && (
        <>
          <dt>Counted once</dt>
          <dd>
            <ul class="plain-list">
              {call.echoSpanIds.map((id) => (
                <li key={id}>{repeatText(id, trace)}</li>
              ))}
            </ul>
          </dd>
        </>
      )}
    </dl>
  );
}

/** The spans that stand for a gateway's record, among those of the route. */
function recordsOn({ stations }: Call, spans: readonly Span[]): Span[] {
  const onRoute = new Set(stations.flatMap(({ spanIds }) => spanIds));
  return spans.filter(({ spanId, attributes }) => onRoute.has(spanId) && attributes[0] === RECORD_PLACE);
}

function usageText({ inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens }: Call): string {
  if (inputTokens === null && outputTokens === null) return 'no token counts';
  const parts = [
    `${tokensText(inputTokens)} in`,
    ...(cacheReadTokens === null || cacheReadTokens === 0 ? [] : [`(${countText(cacheReadTokens)} from cache)`]),
    ...(cacheWriteTokens === null || cacheWriteTokens === 0 ? [] : [`(${countText(cacheWriteTokens)} to cache)`]),
    `${tokensText(outputTokens)} out`,
    ...(reasoningTokens === null || reasoningTokens === 0 ? [] : [`(${countText(reasoningTokens)} reasoning)`]),
  ];
  return `${parts.join(' ')} tokens`;
}

function tokensText(tokens: number | null): string {
  return tokens === null ? 'unknown' : countText(tokens);
}

/** An echo repeats one call; a roll-up repeats the sum of several. */
function repeatText(spanId: string, { calls, spans }: TraceView): string {
  const repeated = calls.filter(({ echoSpanIds }) => echoSpanIds.includes(spanId)).length;
  const span = spans.find((one) => one.spanId === spanId);
  const where = span === undefined ? spanId : `${span.name} of ${span.service}`;
  return repeated > 1 ? `roll-up of ${plural(repeated, 'call')}: ${where}` : `echo: ${where}`;
}
