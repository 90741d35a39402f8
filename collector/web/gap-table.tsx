import type { Gap } from '../../schemas/gate.js';
import { countText, momentText, Usd } from './figures.js';

/** What is wrong, most spend first. */
export function GapTable({
  gaps,
  title = 'Gaps, by the money behind them',
}: {
  readonly gaps: readonly Gap[];
  readonly title?: string;
}) {
  return (
    <section class="panel gaps" aria-labelledby="gaps">
      <h2 id="gaps">{title}</h2>
      {gaps.length === 0 ? (
        <p>None: no call in this scope and time breaks a rule here.</p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-labelledby="gaps">
          <table>
            <thead>
              <tr>
                <th scope="col" class="number">
                  Spend
                </th>
                <th scope="col">Rule</th>
                <th scope="col">Hop</th>
                <th scope="col" class="number">
                  Calls
                </th>
                <th scope="col">Since</th>
                <th scope="col">Fix</th>
              </tr>
            </thead>
            <tbody>
              {gaps.map((gap) => (
                <GapRow
                  gap={gap}
                  key={JSON.stringify([gap.rule, gap.attribute, gap.hop, gap.calls === 0 ? gap.message : ''])}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function GapRow({ gap }: { readonly gap: Gap }) {
  // A sum of nothing known is not a cost of zero.
  const { rule, severity, attribute, hop, calls, traces, spendUsd, since, sampleTraceId, fix } = gap;
  return (
    <tr>
      <td class="number">{Number(spendUsd) === 0 ? 'none known' : <Usd amount={spendUsd} />}</td>
      <td class="rule">
        <span class={`severity ${severity}`}>{severity}</span> <strong>{rule}</strong>
        {attribute !== null && <> of {attribute}</>}
      </td>
      <td>{hop === null ? 'no single hop' : `${hop.from} → ${hop.to}`}</td>
      {/* What no call reports is counted in traces. */}
      <td class="number">{calls === 0 ? `in ${countText(traces)} traces` : countText(calls)}</td>
      <td>
        <time dateTime={since}>{momentText(since)}</time>
      </td>
      <td>
        {fix} <a href={`/v1/traces/${sampleTraceId}`}>a trace that shows {rule}</a>
      </td>
    </tr>
  );
}
