import type { Gap } from '../../schemas/gate.js';
import { countText, momentText } from './figures.js';
import { Heads } from './heads.js';
import { Usd } from './usd.js';
import { addressIn } from './view-state.js';
import type { ViewState } from './view-state.js';
import { Prose, Severity } from './words.js';

/** What is wrong, most spend first. */
export function GapTable({
  gaps,
  view,
  title = 'Gaps, by the money behind them',
}: {
  readonly gaps: readonly Gap[];
  readonly view: ViewState;
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
            <Heads of={[{ number: 'Spend' }, 'Rule', 'Hop', { number: 'Calls' }, 'Since', 'Fix']} />
            <tbody>
              {gaps.map((gap) => (
                <GapRow
                  gap={gap}
                  view={view}
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

function GapRow({ gap, view }: { readonly gap: Gap; readonly view: ViewState }) {
  // A sum of nothing known is not a cost of zero.
  const { rule, severity, attribute, hop, calls, traces, spendUsd, since, isOlder, sampleTraceId, fix } = gap;
  return (
    <tr>
      <td class="number">
        {Number(spendUsd) === 0 ? <span class="quiet">none known</span> : <Usd amount={spendUsd} />}
      </td>
      <td class="rule">
        <Severity of={severity} />
        <a href={addressIn(view, { view: 'rules', rule })}>{rule}</a>
        {attribute !== null && <> of {attribute}</>}
      </td>
      <td class="hop">
        {hop === null ? (
          <span class="quiet">no single hop</span>
        ) : (
          <a href={addressIn(view, { view: 'hops', ...hop })}>
            {hop.from} → {hop.to}
          </a>
        )}
      </td>
      {/* What no call reports is counted in traces. */}
      <td class="number">
        {calls === 0 ? (
          `in ${countText(traces)} traces`
        ) : (
          <>
            {countText(calls)}
            <span class="narrow-only"> calls</span>
          </>
        )}
      </td>
      <td>
        {isOlder && 'before '}
        <time dateTime={since}>{momentText(since)}</time>
      </td>
      <td>
        <Prose text={fix} />{' '}
        <a class="nowrap" href={addressIn(view, { view: 'trace', trace: sampleTraceId })}>
          Sample trace<span class="unseen"> that shows {rule}</span>
        </a>
      </td>
    </tr>
  );
}
