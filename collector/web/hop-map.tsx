import type { Gap } from '../../schemas/gate.js';
import type { HopRow } from '../store/questions/hops.js';
import { useAnswer } from './ask.js';
import { Answered, Failure } from './answered.js';
import { countText, roundUsd, shareText } from './figures.js';
import { GapTable } from './gap-table.js';
import { layOut, NODE } from './hop-layout.js';
import type { Node } from './hop-layout.js';
import { addressIn, ATTRIBUTES, queryOf } from './view-state.js';
import type { Shown, ViewState } from './view-state.js';

/** Services and the hops between them: where attribution dies. */
export function HopMap({ view, look }: Shown) {
  const query = queryOf(view).toString();
  const hops = useAnswer<{ hops: HopRow[] }>(`hops?${query}`);
  const gaps = useAnswer<{ gaps: Gap[] }>(`gaps?${query}&limit=1000`);
  const failed = [hops, gaps].find((one) => one.state === 'failed');
  if (failed?.state === 'failed') return <Failure message={failed.message} />;
  if (hops.state === 'answered' && hops.answer.hops.length === 0) return <NoHops view={view} />;
  return (
    <div aria-busy={[hops, gaps].some((one) => one.state === 'waiting')} class="hops">
      <Answered asked={hops}>{(answer) => <MapPanel rows={answer.hops} view={view} look={look} />}</Answered>
      {view.from !== '' && (
        <Answered asked={gaps}>
          {(answer) => (
            <GapTable
              view={view}
              title={`Gaps at ${view.from} → ${view.to}`}
              gaps={answer.gaps.filter(
                ({ hop, attribute }) =>
                  hop?.from === view.from &&
                  hop.to === view.to &&
                  (view.attribute === 'all' || attribute === null || attribute === view.attribute),
              )}
            />
          )}
        </Answered>
      )}
    </div>
  );
}

function NoHops({ view }: { readonly view: ViewState }) {
  return (
    <section class="panel" aria-labelledby="hops">
      <h2 id="hops">No call crosses a hop here</h2>
      <p>
        Either there are no calls in this scope and time, or each is made by the very service that took the request.
        <br />
        <a href={addressIn(view, { view: 'overview' })}>The overview</a> says which.
      </p>
    </section>
  );
}

function MapPanel({ rows, view, look }: Shown & { readonly rows: readonly HopRow[] }) {
  const { nodes, width, height } = layOut(rows);
  const most = Math.max(...rows.map(({ spendUsd }) => Number(spendUsd)));
  return (
    <section class="panel" aria-labelledby="hops">
      <h2 id="hops">What survives each hop</h2>
      <label>
        Attribute{' '}
        <select
          name="attribute"
          onChange={({ currentTarget }) => {
            const attribute = ATTRIBUTES.find((one) => one === currentTarget.value);
            if (attribute !== undefined) look({ ...view, attribute });
          }}
        >
          {ATTRIBUTES.map((one) => (
            <option value={one} selected={one === view.attribute} key={one}>
              {one === 'all' ? 'all three together' : one}
            </option>
          ))}
        </select>
      </label>
      <p class="small">
        As wide as its spend; the percentage is the share of it that is still attributed behind the hop. Choose a hop
        for its gaps.
      </p>
      <div class="scroll">
        <svg class="map" viewBox={`0 0 ${width} ${height}`} width={width} role="group" aria-labelledby="hops">
          {rows.map((row) => (
            <Edge row={row} nodes={nodes} most={most} view={view} key={JSON.stringify(row.hop)} />
          ))}
          {[...nodes.values()].map(({ service, x, y }) => (
            <g key={service}>
              <rect
                class="node"
                x={x - NODE.width / 2}
                y={y - NODE.height / 2}
                width={NODE.width}
                height={NODE.height}
                rx={6}
              />
              <text class="name" x={x} y={y + 5} text-anchor="middle">
                {service.length > 20 ? `${service.slice(0, 19)}…` : service}
                <title>{service}</title>
              </text>
            </g>
          ))}
        </svg>
      </div>
    </section>
  );
}

/** About how wide a letter of a label is, in units of the view box. */
const LETTER = 6.6;

interface EdgeProps {
  readonly view: ViewState;
  readonly row: HopRow;
  readonly nodes: ReadonlyMap<string, Node>;
  /** US dollars of the widest edge. */
  readonly most: number;
}

function Edge({ row, nodes, most, view }: EdgeProps) {
  const { hop, spendUsd, calls } = row;
  const [from, to] = [nodes.get(hop.from), nodes.get(hop.to)];
  if (from === undefined || to === undefined) return null;
  const share = carriedShare(row, view.attribute);
  const chosen = view.from === hop.from && view.to === hop.to;
  const width = most === 0 ? 3 : 3 + 21 * (Number(spendUsd) / most);
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 + 4 };
  const unknown = row.unknownCost === 0 ? '' : ` + ${countText(row.unknownCost)} unknown`;
  const label = `${shareText(share)} · ${roundUsd(spendUsd)}${unknown}`;
  const labelWidth = label.length * LETTER + 10;
  return (
    <a
      class={`edge ${standing(share)}${chosen ? ' chosen' : ''}`}
      href={addressIn(view, hop)}
      aria-current={chosen ? 'true' : undefined}
      aria-label={`${hop.from} to ${hop.to}: ${label} of ${countText(calls)} calls`}
    >
      <path d={curve(from, to)} stroke-width={width}>
        <title>{`$${spendUsd}`}</title>
      </path>
      <rect class="label" x={middle.x - labelWidth / 2} y={middle.y - 14} width={labelWidth} height={19} rx={9} />
      <text x={middle.x} y={middle.y} text-anchor="middle">
        {label}
      </text>
    </a>
  );
}

/** The share of spend that is attributed behind the hop; of calls, where no cost is known. */
function carriedShare({ spendUsd, calls, fates }: HopRow, attribute: ViewState['attribute']): number {
  const fate = fates[attribute];
  return Number(spendUsd) > 0 ? Number(fate.carriedUsd) / Number(spendUsd) : fate.carriedCalls / calls;
}

function standing(share: number): string {
  if (share >= 0.99) return 'whole';
  return share >= 0.5 ? 'part-lost' : 'mostly-lost';
}

function curve(from: Node, to: Node): string {
  const isForward = to.x > from.x;
  const [x1, x2] = isForward
    ? [from.x + NODE.width / 2, to.x - NODE.width / 2]
    : [from.x - NODE.width / 2, to.x + NODE.width / 2];
  const bend = (x2 - x1) / 2;
  return `M${x1} ${from.y}C${x1 + bend} ${from.y} ${x2 - bend} ${to.y} ${x2} ${to.y}`;
}
