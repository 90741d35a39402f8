import { SCOPE_FIELDS } from './view-state.js';
import type { ViewState } from './view-state.js';

const FIRST_SPAN = `export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318
node --import waybill/register app.js`;

/** What to do where nothing was found: send the first span, or ask about more. */
export function EmptyScope({ view }: { readonly view: ViewState }) {
  const isScoped = SCOPE_FIELDS.some((name) => view[name] !== '');
  return (
    <section class="panel" aria-labelledby="empty">
      <h2 id="empty">No audited calls here yet</h2>
      {isScoped && <p>Nothing in this scope and time. Ask about all, or about a longer time.</p>}
      <p>To send the first span from a Node app:</p>
      <pre tabIndex={0}>{FIRST_SPAN}</pre>
      <p>
        Any OpenTelemetry SDK or Collector can send to the same address. A trace shows here some seconds after its last
        span.
      </p>
    </section>
  );
}
