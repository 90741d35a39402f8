import type {
  SimulatedPeriod,
  SimulatedPolicy,
  SimulatedSum,
  SimulatedTenant,
  Simulation,
} from '../../schemas/simulation.js';
import type { Paint } from './paint.js';
import { dollars, safe } from './text.js';

const MOST_PERIODS = 10;
const MOST_TENANTS = 10;
const LABEL_COLUMNS = 18;

/** A simulation for a person: what each budget would have done, and what no budget would have reached. */
export function simulationText(simulation: Simulation, paint: Paint): string {
  const { from, to, all, blocked, falselyBlocked, letThrough, escaped, outside } = simulation;
  const line = (label: string, sum: SimulatedSum, tone: (text: string) => string = (text) => text): string =>
    `  ${label.padEnd(LABEL_COLUMNS)} ${sum.calls === 0 ? paint.faint('none') : tone(sumText(sum))}`;
  return [
    `${paint.strong('Had blocking been on')}  ${from.slice(0, 19)}Z to ${to.slice(0, 19)}Z`,
    '',
    line('Calls', all),
    line('Let through', letThrough),
    line('Blocked', blocked),
    line('  falsely', falselyBlocked, paint.bad),
    line('Unattributed', escaped.unattributed, paint.doubtful),
    line('No one policy', escaped.unresolved, paint.doubtful),
    line('Bypassing', escaped.bypass, paint.doubtful),
    line('Of unknown cost', escaped.unknownCost, paint.doubtful),
    line('Not in a budget', outside),
    ...simulation.policies.flatMap((policy) => ['', ...policyText(policy, paint)]),
  ].join('\n');
}

function policyText(policy: SimulatedPolicy, paint: Paint): string[] {
  const { blocked, falselyBlocked, letThrough, bypass, exhausted, exhaustedLeftOut, tenants } = policy;
  const ranOut = exhausted.length + exhaustedLeftOut;
  const shown = exhausted.slice(0, MOST_PERIODS);
  return [
    `${paint.strong(safe(policy.policy))}  ${dollars(policy.limitUsd)} per ${policy.per}`,
    `  let through ${sumText(letThrough)}; blocked ${sumText(blocked)}${falselyBlocked.calls === 0 ? '' : paint.bad(`, ${falselyBlocked.calls} of them falsely`)}`,
    ...(bypass.calls === 0 ? [] : [paint.doubtful(`  went round it: ${sumText(bypass)}`)]),
    ...(ranOut === 0
      ? [
          `  ${paint.good('never ran out')} in ${policy.periods} ${policy.periods === 1 ? 'period' : 'periods'} with calls`,
        ]
      : [`  ran out or was overshot in ${ranOut} of ${policy.periods} periods with calls`]),
    ...shown.map((period) => `    ${periodText(period)}`),
    ...(ranOut > shown.length ? [paint.faint(`    and ${ranOut - shown.length} more (--format json)`)] : []),
    ...tenants
      .slice(0, MOST_TENANTS)
      .map((one) => `    ${one.tenant === null ? '(no tenant)' : safe(one.tenant)}: ${tenantText(one, paint)}`),
    ...(tenants.length > MOST_TENANTS ? [paint.faint(`    and ${tenants.length - MOST_TENANTS} more tenants`)] : []),
  ];
}

function tenantText(tenant: SimulatedTenant, paint: Paint): string {
  const { blocked, falselyBlocked, missed, overshootUsd } = tenant;
  const falsely = falselyBlocked.calls === 0 ? '' : paint.bad(`, ${falselyBlocked.calls} falsely`);
  return [
    ...(blocked.calls === 0 ? [] : [`${sumText(blocked)} blocked${falsely}`]),
    ...(missed.calls === 0 ? [] : [paint.doubtful(`${sumText(missed)} missed`)]),
    ...(Number(overshootUsd) === 0 ? [] : [`${dollars(overshootUsd)} over the limit`]),
  ].join('; ');
}

function periodText({ from, ranOutAt, letThroughUsd, overshootUsd, blocked }: SimulatedPeriod): string {
  const when = ranOutAt === null ? 'was not seen to run out' : `ran out at ${ranOutAt.slice(0, 19)}Z`;
  return `from ${from.slice(0, 16)}Z: ${when}, ${dollars(letThroughUsd)} let through, ${dollars(overshootUsd)} over, ${sumText(blocked)} blocked`;
}

function sumText({ calls, costUsd, unknownCost }: SimulatedSum): string {
  const unknown = unknownCost === 0 ? '' : ` and ${unknownCost} of unknown cost`;
  return `${calls} ${calls === 1 ? 'call' : 'calls'}, ${dollars(costUsd)}${unknown}`;
}
