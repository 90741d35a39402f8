import { auditTrace } from '../../auditor/audit.js';
import type { Span } from '../../schemas/span.js';
import { contract } from '../support/contract.js';
import { seededRandom } from '../support/random.js';
import { trace } from '../support/trace.js';
import type { Figure } from './figure.js';
import { figure } from './figure.js';

const TRACES = 10_000;
const SERVICES = ['web', 'agent', 'router', 'litellm', 'pool'];
const MODELS = ['gpt-4o', 'gpt-4o-mini', 'gpt-4.1', 'gpt-4.1-mini', 'o3'];

const random = seededRandom(4);
const below = (n: number): number => Math.floor(random() * n);

function randomTrace(number: number): readonly Span[] {
  const carried = {
    tenant: `tenant-${below(1_000)}`,
    feature: `feature-${below(50)}`,
    policy: 'pro-monthly',
    user: `user-${below(9_999)}`,
  };
  const services = 2 + below(4);
  const spans = 2 + below(39);
  let place = trace(number).station(SERVICES[0] ?? '', carried);
  for (let i = 1; i < services; i += 1) {
    const isLost = random() < 0.02;
    place = place.station(SERVICES[i] ?? '', isLost ? {} : carried);
    for (let inner = 0; inner < spans / services - 2; inner += 1) place = place.inside(carried);
  }
  for (let call = 0; call <= below(3); call += 1) {
    place.call(MODELS[below(MODELS.length)] ?? '', { inputTokens: below(9_999), outputTokens: below(999) }, carried);
  }
  return place.spans;
}

/**
 * How many spans a second one core takes from memory to verdicts, with all rules on. The traces have 2 to 40 spans over
 * 2 to 5 services, of 1,000 tenants and 50 features; a run audits all of them once.
 */
export function benchAudit(runs = 5): readonly Figure[] {
  const judged = contract({
    services: { web: { role: 'entry', binds: ['tenant'] }, litellm: { role: 'gateway', enforces: true } },
    policies: [{ id: 'pro-monthly', match: { tenant: 'tenant-*' } }],
  });
  const traces = Array.from({ length: TRACES }, (_, i) => randomTrace(i + 1));
  const spans = traces.reduce((sum, one) => sum + one.length, 0);
  // One more run than is counted: the first is the compiler's.
  const rates = Array.from({ length: runs + 1 }, () => {
    const before = process.cpuUsage();
    const calls = traces.reduce((sum, one) => sum + auditTrace(one, judged).calls.length, 0);
    const { user, system } = process.cpuUsage(before);
    if (calls === 0) throw new Error('The traces have no calls.');
    return (spans * 1_000_000) / (user + system);
  });
  return [figure('audit, from memory to verdicts', 'spans/CPU s', rates.slice(1))];
}
