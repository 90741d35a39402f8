import type { Call } from '../../schemas/audit.js';
import type { TraceView as TraceAnswer } from '../api/trace-view.js';
import { Answered, Failure } from './answered.js';
import { useAnswer } from './ask.js';
import { CallPanel } from './call-panel.js';
import { microsText } from './figures.js';
import { FindingList } from './finding-list.js';
import { SpanTree } from './span-tree.js';
import { Heads } from './heads.js';
import { Usd } from './usd.js';
import { addressIn } from './view-state.js';
import type { Shown, ViewState } from './view-state.js';
import { plural, Verdict } from './words.js';

/** So many calls are drawn in full; a batch may have thousands. */
const MOST_DRAWN = 25;

/** One trace: its calls with their routes, what is wrong with each, and the spans themselves. */
export function TraceView({ view, look }: Shown) {
  const asked = useAnswer<TraceAnswer>(view.trace === '' ? null : `traces/${encodeURIComponent(view.trace)}`);
  return (
    <>
      <TraceForm view={view} look={look} key={view.trace} />
      {view.trace === '' && (
        <p class="quiet">
          Every gap in the <a href={addressIn(view, { view: 'overview' })}>overview</a> leads to a sample trace.
        </p>
      )}
      {asked.state === 'failed' && <Failure message={asked.message} />}
      {view.trace !== '' && asked.state !== 'failed' && (
        <div class="stack" aria-busy={asked.state === 'waiting'}>
          <Answered asked={asked}>{(trace) => <Found trace={trace} view={view} />}</Answered>
        </div>
      )}
    </>
  );
}

function TraceForm({ view, look }: Shown) {
  return (
    <form
      class="one-line"
      onSubmit={(event) => {
        event.preventDefault();
        const given = new FormData(event.currentTarget).get('trace');
        if (typeof given === 'string') look({ ...view, trace: given.trim().toLowerCase() });
      }}
    >
      <label>
        Trace id
        <input class="id" name="trace" defaultValue={view.trace} autocomplete="off" spellcheck={false} />
      </label>
      <button type="submit">Show</button>
    </form>
  );
}

function Found({ trace, view }: { readonly trace: TraceAnswer; readonly view: ViewState }) {
  const { calls, findings, spans } = trace;
  const drawn = calls.slice(0, MOST_DRAWN);
  return (
    <>
      <Summary trace={trace} />
      {findings.length > 0 && (
        <section class="panel" aria-labelledby="whole">
          <h2 id="whole">Wrong with the trace as a whole</h2>
          <FindingList findings={findings} view={view} />
        </section>
      )}
      {calls.length > 1 && <CallTable calls={calls} />}
      {drawn.map((call) => (
        <CallPanel call={call} trace={trace} view={view} key={call.spanId} />
      ))}
      {calls.length > drawn.length && (
        <p class="quiet">The first {MOST_DRAWN} calls are drawn; the table above has them all.</p>
      )}
      <SpanTree spans={spans} calls={calls} />
    </>
  );
}

function Summary({ trace: { calls, spans, summary, provisional } }: { readonly trace: TraceAnswer }) {
  const services = new Set(spans.map(({ service }) => service));
  return (
    <section class="panel" aria-label="Summary">
      <dl class="tiles">
        <div>
          <dt>Began</dt>
          <dd>{microsText(Math.min(...spans.map(({ startUs }) => startUs)))}</dd>
        </div>
        <div>
          <dt>Known cost</dt>
          <dd>{summary.costUsd === null ? 'unknown' : <Usd amount={summary.costUsd} />}</dd>
        </div>
        <div>
          <dt>Billable calls</dt>
          <dd>
            {calls.length}
            {summary.unknownCost > 0 && <span class="quiet"> ({summary.unknownCost} of unknown cost)</span>}
          </dd>
        </div>
        <div>
          <dt>Spans</dt>
          <dd>
            {spans.length} <span class="quiet">in {plural(services.size, 'service')}</span>
          </dd>
        </div>
      </dl>
      {provisional && <p class="note">Spans may still arrive: nothing here is final yet.</p>}
      {calls.length === 0 && <p>No span of this trace is a billable call.</p>}
    </section>
  );
}

function CallTable({ calls }: { readonly calls: readonly Call[] }) {
  return (
    <section class="panel" aria-labelledby="calls">
      <h2 id="calls">Billable calls</h2>
      <div class="scroll" tabIndex={0} role="region" aria-labelledby="calls">
        <table>
          <Heads of={[{ number: 'Cost' }, 'Verdict', 'Model', 'Service', 'Call']} />
          <tbody>
            {calls.map((call, i) => (
              <tr key={call.spanId}>
                <td class="number">{call.costUsd === null ? 'unknown' : <Usd amount={call.costUsd} />}</td>
                <td>
                  <Verdict of={call.verdict} />
                </td>
                <td>{call.model}</td>
                <td>{call.service}</td>
                <td>{i < MOST_DRAWN ? <a href={`#${call.spanId}`}>{call.spanId}</a> : call.spanId}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
