import type { SpendRow } from '../store/questions/spend.js';
import { Answered, Failure } from './answered.js';
import { useAnswer } from './ask.js';
import { csvText } from './csv.js';
import { download } from './download.js';
import { EmptyScope } from './empty-scope.js';
import { SpendLines } from './spend-lines.js';
import { SpendPicture } from './spend-picture.js';
import { spendTable, sumOf } from './spend-table.js';
import { addressIn, queryOf } from './view-state.js';
import type { Shown, ViewState } from './view-state.js';

const DIMENSIONS = ['tenant', 'feature', 'policy', 'user', 'provider', 'model', 'service', 'day'] as const;

/** What is asked most: one click each. */
const PRESETS = [
  { by: 'tenant', label: 'per tenant' },
  { by: 'user,day', label: 'per user and day' },
  { by: 'provider,day', label: 'per provider and day' },
  { by: 'tenant,day', label: 'per tenant and day' },
  { by: 'model,provider', label: 'per model and provider' },
  { by: 'tenant,feature', label: 'per tenant and feature' },
  { by: 'policy,day', label: 'per policy and day' },
] as const;

/** So many rows are asked for: the API gives no more. What is beyond is shown as a sum. */
const MOST_ROWS = 1_000;

interface Answer {
  readonly spend: SpendRow[];
}

/** Spend by one dimension or two. */
export function Spend({ view, look }: Shown) {
  const query = queryOf(view).toString();
  const asked = useAnswer<Answer>(`spend?${query}&by=${encodeURIComponent(view.by)}&limit=${MOST_ROWS}`);
  // There are few providers, so this is the sum of everything, also of what is beyond the rows above.
  const total = useAnswer<Answer>(`spend?${query}&by=provider&limit=${MOST_ROWS}`);
  const failed = [asked, total].find((one) => one.state === 'failed');
  if (failed?.state === 'failed') return <Failure message={failed.message} />;
  if (asked.state === 'answered' && asked.answer.spend.length === 0) return <EmptyScope view={view} />;
  const dimensions = view.by.split(',');
  return (
    <div class="stack" aria-busy={[asked, total].some((one) => one.state === 'waiting')}>
      <section class="panel" aria-label="Break down by">
        <Choice view={view} look={look} />
      </section>
      <Answered asked={asked}>
        {({ spend }) => (
          <>
            <SpendPicture table={spendTable(spend, dimensions)} dimensions={dimensions} />
            <Answered asked={total}>
              {({ spend: everything }) => (
                <SpendLines
                  table={spendTable(spend, dimensions)}
                  dimensions={dimensions}
                  total={sumOf(everything)}
                  view={view}
                  save={() => download(`spend-${dimensions.join('-')}.csv`, 'text/csv', spendCsv(spend, dimensions))}
                />
              )}
            </Answered>
          </>
        )}
      </Answered>
    </div>
  );
}

function Choice({ view, look }: Shown) {
  const [first = 'tenant', second = ''] = view.by.split(',');
  const choose = (one: string, other: string) =>
    look({ ...view, by: other === '' || other === one ? one : `${one},${other}` });
  return (
    <div class="choice">
      <Select name="first" label="Spend by" value={first} choose={(one) => choose(one, second)} />
      <Select name="second" label="and" value={second} choose={(other) => choose(first, other)} isOptional />
      <p class="presets">
        {PRESETS.map(({ by, label }) => (
          <a class="button" href={addressIn(view, { by })} aria-current={by === view.by ? 'true' : undefined} key={by}>
            {label}
          </a>
        ))}
      </p>
    </div>
  );
}

interface SelectProps {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly choose: (value: string) => void;
  readonly isOptional?: boolean;
}

function Select({ name, label, value, choose, isOptional = false }: SelectProps) {
  return (
    <label>
      {label}
      <select name={name} onChange={(event) => choose(event.currentTarget.value)}>
        {isOptional && (
          <option value="" selected={value === ''}>
            nothing else
          </option>
        )}
        {DIMENSIONS.map((one) => (
          <option value={one} selected={one === value} key={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The rows as they were answered, amounts exact. What has no value is an empty cell. */
function spendCsv(rows: readonly SpendRow[], dimensions: readonly ViewState['by'][]): string {
  return csvText([
    [...dimensions, 'cost_usd', 'calls', 'calls_of_unknown_cost'],
    ...rows.map(({ by, costUsd, calls, unknownCost }) => [
      ...dimensions.map((one) => by[one] ?? null),
      costUsd,
      calls,
      unknownCost,
    ]),
  ]);
}
