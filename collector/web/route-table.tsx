import type { Change } from '../../auditor/trace/change.js';
import { changesOf } from '../../auditor/trace/change.js';
import type { AttributeAudit, Call } from '../../schemas/audit.js';

/** A route to draw: what an audited call has of it. */
export type DrawnRoute = Pick<Call, 'stations' | 'attributes' | 'enforcementPoint'>;

const SIGNS: Readonly<Record<Change, { readonly sign: string; readonly text: string }>> = {
  absent: { sign: '', text: 'still absent' },
  kept: { sign: '', text: 'kept' },
  lost: { sign: '✕', text: 'lost on the way here' },
  gained: { sign: '+', text: 'first seen here' },
  changed: { sign: '≠', text: 'changed on the way here' },
};

/** A route, station by station: a row an attribute, the value at each station, the break marked where it happened. */
export function RouteTable({ call, label }: { readonly call: DrawnRoute; readonly label: string }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table class="route">
        <thead>
          <tr>
            <th scope="col">
              <span class="unseen">Attribute</span>
            </th>
            {call.stations.map(({ service }, i) => (
              <th scope="col" key={i}>
                <span class="station">{service}</span>
                <span class="part-played">{partPlayed(call, service, i)}</span>
              </th>
            ))}
            <th scope="col">Outcome</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(call.attributes).map(([name, audit]) => (
            <Track call={call} name={name} audit={audit} key={name} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface TrackProps {
  readonly call: DrawnRoute;
  readonly name: string;
  readonly audit: AttributeAudit;
}

/** One attribute on its way. */
function Track({ call, name, audit }: TrackProps) {
  const shown = call.stations.map(({ values }) => values[name] ?? []);
  const changes = changesOf(shown);
  return (
    <tr>
      <th scope="row">{name}</th>
      {shown.map((values, i) => {
        const change = changes[i] ?? 'absent';
        const next = changes[i + 1];
        return (
          <td class={`stop ${change}`} key={i}>
            <span class={`way ${next === undefined ? 'last' : `to-${next}`}`} aria-hidden="true">
              <span class="sign">{next !== undefined && SIGNS[next].sign}</span>
            </span>
            {values.length === 0 ? (
              <span class="quiet">none</span>
            ) : (
              values.map((value) => (
                <span class="value" key={value}>
                  {value === '' ? '(empty)' : value}
                </span>
              ))
            )}
            {i > 0 && <span class="unseen">, {SIGNS[change].text}</span>}
          </td>
        );
      })}
      <td class={`outcome ${isSound(audit) ? '' : 'broken'}`}>
        {audit.outcome}
        {audit.hop !== null && (
          <span class="at-hop">
            {audit.hop.from} → {audit.hop.to}
          </span>
        )}
        {audit.provenance !== null && <span class="at-hop">{PROVENANCE[audit.provenance]}</span>}
      </td>
    </tr>
  );
}

const PROVENANCE = {
  signed: 'vouched for by a signature',
  bound: 'vouched for by a trusted station',
  asserted: 'claimed by the caller',
} as const;

function isSound({ outcome }: AttributeAudit): boolean {
  return outcome === 'intact' || outcome === 'unreported';
}

/** What a station is on the route, beside a station. */
function partPlayed({ stations, enforcementPoint }: DrawnRoute, service: string, i: number): string {
  const parts = [
    ...(i === 0 ? ['origin'] : []),
    ...(service === enforcementPoint ? ['enforces'] : []),
    ...(i === stations.length - 1 ? ['makes the call'] : []),
  ];
  return parts.join(', ');
}
