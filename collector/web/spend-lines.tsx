import { countText, roundUsd, shareText } from './figures.js';
import { lessBy, NOTHING, sumOf } from './spend-table.js';
import type { Key, Line, SpendTable, Sum } from './spend-table.js';
import { Usd } from './usd.js';
import { addressIn, SCOPE_FIELDS } from './view-state.js';
import type { ViewState } from './view-state.js';

/** More columns than this are not read across. */
const MOST_ACROSS = 14;

interface SpendLinesProps {
  readonly table: SpendTable;
  readonly dimensions: readonly string[];
  /** Of everything in scope, listed or not. */
  readonly total: Sum;
  readonly view: ViewState;
  readonly save: () => void;
}

/** The table: a line a value, its parts across, then what is unattributed, unknown, and beyond the list. */
export function SpendLines({ table, dimensions, total, view, save }: SpendLinesProps) {
  const [down = ''] = dimensions;
  const across = table.across.slice(-MOST_ACROSS);
  const hidden = table.across.length - across.length;
  const beyond = lessBy(total, table.listed);
  const inColumn = (key: Key): Sum => sumOf(table.lines.map(({ cells }) => cells.get(key) ?? NOTHING));
  return (
    <section class="panel" aria-labelledby="lines">
      <div class="heading">
        <h2 id="lines">Spend by {dimensions.join(' and ')}</h2>
        <button type="button" onClick={save}>
          Download CSV
        </button>
      </div>
      {hidden > 0 && (
        <p class="quiet">
          The last {MOST_ACROSS} columns are shown, and {hidden} more are in the sums and in the CSV.
        </p>
      )}
      <div class="scroll" tabIndex={0} role="region" aria-labelledby="lines">
        <table class="spend">
          <thead>
            <tr>
              <th scope="col">{down}</th>
              <th scope="col" class="number">
                Spend
              </th>
              <th scope="col" class="number">
                Share
              </th>
              <th scope="col" class="number">
                Calls
              </th>
              {across.map((key) => (
                <th scope="col" class="number" key={key}>
                  <Name of={key} dimension={dimensions[1] ?? ''} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.lines.map((line) => (
              <SpendLine line={line} across={across} down={down} total={total} view={view} key={line.key} />
            ))}
            {beyond.calls > 0 && (
              <tr class="apart-row">
                <th scope="row">not listed</th>
                <Sums sum={beyond} total={total} />
                {across.map((key) => (
                  <td key={key} />
                ))}
              </tr>
            )}
            <tr class="apart-row">
              <th scope="row">unknown cost</th>
              <td class="number">{total.unknownCost === 0 ? 'none' : 'unknown'}</td>
              <td />
              <td class="number">{countText(total.unknownCost)}</td>
              {across.map((key) => (
                <td class="number" key={key}>
                  <Calls count={inColumn(key).unknownCost} />
                </td>
              ))}
            </tr>
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">all</th>
              <Sums sum={total} total={total} />
              {across.map((key) => (
                <td class="number" key={key}>
                  <Amount of={inColumn(key)} />
                </td>
              ))}
            </tr>
          </tfoot>
        </table>
      </div>
    </section>
  );
}

interface SpendLineProps extends Pick<SpendLinesProps, 'total' | 'view'> {
  readonly line: Line;
  readonly across: readonly Key[];
  readonly down: string;
}

function SpendLine({ line: { key, all, cells }, across, down, total, view }: SpendLineProps) {
  const field = SCOPE_FIELDS.find((one) => one === down);
  return (
    <tr class={key === null ? 'apart-row' : undefined}>
      <th scope="row">
        {field === undefined || key === null ? (
          <Name of={key} dimension={down} />
        ) : (
          <a href={addressIn(view, { view: 'overview', [field]: key })}>{key}</a>
        )}
      </th>
      <Sums sum={all} total={total} />
      {across.map((one) => (
        <td class="number" key={one}>
          <Amount of={cells.get(one) ?? NOTHING} />
        </td>
      ))}
    </tr>
  );
}

function Sums({ sum, total }: { readonly sum: Sum; readonly total: Sum }) {
  const share = Number(total.costUsd) === 0 ? null : Number(sum.costUsd) / Number(total.costUsd);
  return (
    <>
      <td class="number strong">
        <Amount of={sum} />
      </td>
      <td class="number quiet">{share === null ? '' : shareText(share)}</td>
      <td class="number">{countText(sum.calls)}</td>
    </>
  );
}

/** A sum; where calls of unknown cost are left out of it, it says so, and where all are, it is no zero. */
function Amount({ of: { calls, costUsd, unknownCost } }: { readonly of: Sum }) {
  if (calls === 0) return <span class="quiet">–</span>;
  if (unknownCost === calls) return <span class="unknown">unknown</span>;
  return (
    <>
      <Usd amount={costUsd} />
      {unknownCost > 0 && (
        <span class="unknown" title={`${roundUsd(costUsd)}, and ${countText(unknownCost)} calls of unknown cost`}>
          {' '}
          + {countText(unknownCost)}?
        </span>
      )}
    </>
  );
}

function Calls({ count }: { readonly count: number }) {
  return count === 0 ? <span class="quiet">–</span> : <>{countText(count)}</>;
}

/** A value of a dimension, or that there is none. */
function Name({ of, dimension }: { readonly of: Key; readonly dimension: string }) {
  return <>{of ?? nameOfNone(dimension)}</>;
}

/** What to call the calls that have no value of a dimension. */
export function nameOfNone(dimension: string): string {
  return dimension === 'tenant' || dimension === 'feature' || dimension === 'policy'
    ? 'unattributed'
    : `no ${dimension}`;
}
