/**
 * How many spans a second one core takes from memory to verdicts, with all rules on: `npm run bench:audit`.
 *
 * The traces have 2 to 40 spans over 2 to 5 services, of 1,000 tenants, 50 features and 20 models. A run audits all of
 * them once; the figure is the median of the runs, and the spread is from the slowest to the fastest.
 */
import { auditTrace } from '../../auditor/audit.js';
import type { Span } from '../../schemas/span.js';
import { contract } from '../support/contract.js';
import { seededRandom } from '../support/random.js';
import { trace } from '../support/trace.js';

const TRACES = 10_000;
const RUNS = 7;
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

const judged = contract({
  services: { web: { role: 'entry', binds: ['tenant'] }, litellm: { role: 'gateway', enforces: true } },
  policies: [{ id: 'pro-monthly', match: { tenant: 'tenant-*' } }],
});
const traces = Array.from({ length: TRACES }, (_, i) => randomTrace(i + 1));
const spans = traces.reduce((sum, one) => sum + one.length, 0);

function run(): number {
  const before = process.cpuUsage();
  let calls = 0;
  for (const one of traces) calls += auditTrace(one, judged).calls.length;
  const { user, system } = process.cpuUsage(before);
  if (calls === 0) throw new Error('The traces have no calls.');
  return spans / ((user + system) / 1_000_000);
}

run();
const rates = Array.from({ length: RUNS }, run).toSorted((a, b) => a - b);
const thousand = (rate: number | undefined): string => `${Math.round((rate ?? 0) / 1_000)}`;
console.log(
  `audit: ${thousand(rates[Math.floor(RUNS / 2)])} thousand spans a CPU second ` +
    `(${thousand(rates[0])} to ${thousand(rates.at(-1))}, ${RUNS} runs of ${spans} spans in ${TRACES} traces)`,
);
