import type { CompiledContract } from '../../auditor/contract.js';
import type { LackingCalls } from './decoded-request.js';

const QUIET_US = 60_000_000;
/** Services that are remembered; past that, the oldest may be told again. */
const MAX_SERVICES = 1_000;
/** Services that one answer speaks of. */
const MAX_HINTS = 5;

/**
 * Makes the function that says what a sender should know at once: that call spans lack required attributes. It says
 * so once a minute and service, and the empty string otherwise.
 *
 * @param clockUs the present, microseconds since 1970
 */
export function createHints(
  contract: CompiledContract,
  clockUs: () => number,
): (lacking: readonly LackingCalls[]) => string {
  const toldUs = new Map<string, number>();
  return (all) => {
    if (all.length === 0) return '';
    const lacking = byService(all, contract);
    const nowUs = clockUs();
    const hints: string[] = [];
    let untold = 0;
    for (const [service, { calls, keys }] of lacking) {
      if (nowUs - (toldUs.get(service) ?? -Infinity) < QUIET_US) continue;
      if (hints.length === MAX_HINTS) {
        untold += 1;
        continue;
      }
      toldUs.delete(service);
      toldUs.set(service, nowUs);
      hints.push(
        `${calls} call ${calls === 1 ? 'span' : 'spans'} of service '${shown(service)}' ${calls === 1 ? 'lacks' : 'lack'} ${[...keys].join(', ')}: ` +
          'set them where the request is authenticated and stamp every span from baggage, as waybill/register does.',
      );
    }
    for (const service of toldUs.keys()) {
      if (toldUs.size <= MAX_SERVICES) break;
      toldUs.delete(service);
    }
    if (untold > 0) hints.push(`The same goes for ${untold} more ${untold === 1 ? 'service' : 'services'}.`);
    return hints.join(' ');
  };
}

/** A sender's own word as it may stand in its log. */
function shown(service: string): string {
  return service.slice(0, 60).replaceAll(/\p{Cc}/gu, ' ');
}

function byService(
  all: readonly LackingCalls[],
  contract: CompiledContract,
): Map<string, { calls: number; keys: Set<string> }> {
  const lacking = new Map<string, { calls: number; keys: Set<string> }>();
  for (const { service, calls, names } of all) {
    const entry = lacking.get(service) ?? { calls: 0, keys: new Set() };
    entry.calls += calls;
    for (const name of names) entry.keys.add(contract.source.attributes[name].key);
    lacking.set(service, entry);
  }
  return lacking;
}
