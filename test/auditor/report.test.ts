import { describe, expect, it } from 'vitest';
import { auditTrace } from '../../auditor/audit.js';
import { holds, reportOf, sumUsd } from '../../auditor/report.js';
import type { Span } from '../../schemas/span.js';
import { contract } from '../support/contract.js';
import { clean, trace } from '../support/trace.js';

const audit = (spans: readonly Span[]) => auditTrace(spans, contract());
const good = trace(1).station('web', clean).call('gpt-4o').spans;
const dropped = trace(2).station('web', clean).station('litellm').call('gpt-4o').spans;
const unpriced = trace(3).station('web', clean).call('no-such-model').spans;
const blind = trace(4)
  .station('web')
  .inside(
    {},
    {
      kind: 3,
      attributes: ['server.address', 'api.openai.com', 'http.request.method', 'POST'],
    },
  ).spans;

describe('a report', () => {
  it('adds up traces, calls, known costs and verdicts', () => {
    const report = reportOf([good, dropped, unpriced, blind].map(audit));
    expect(report.version).toBe(1);
    expect(report.summary).toEqual({
      traces: 4,
      calls: 3,
      costUsd: '0.007000000000',
      unknownCost: 1,
      verdicts: { enforceable: 1, attributed: 1, unattributed: 1 },
    });
    expect(report.calls).toHaveLength(3);
    expect(report.findings.map(({ rule }) => rule)).toEqual(['uninstrumented']);
  });

  it('has no sum where no cost is known, which is not a sum of nothing', () => {
    expect(reportOf([audit(unpriced)]).summary.costUsd).toBeNull();
    expect(reportOf([]).summary).toMatchObject({ traces: 0, calls: 0, costUsd: null, unknownCost: 0 });
    expect(sumUsd([])).toBe('0.000000000000');
    expect(sumUsd(['0.000000000001', '1.999999999999'])).toBe('2.000000000000');
  });

  it('holds where every call is enforceable and nothing is an error', () => {
    expect(holds(reportOf([audit(good)]))).toBe(true);
    expect(holds(reportOf([]))).toBe(true);
    expect(holds(reportOf([audit(good), audit(dropped)]))).toBe(false);
    expect(holds(reportOf([audit(good), audit(blind)]))).toBe(false);
    const [call] = audit(good).calls;
    const [finding] = audit(dropped).calls.flatMap(({ findings }) => findings);
    if (call === undefined || finding === undefined) throw new Error('A call and a finding are expected.');
    const marked = (severity: 'error' | 'warning') => ({
      ...reportOf([audit(good)]),
      calls: [{ ...call, findings: [{ ...finding, severity }] }],
    });
    expect(holds(marked('warning'))).toBe(true);
    expect(holds(marked('error'))).toBe(false);
    expect(holds({ ...marked('warning'), calls: [{ ...call, verdict: 'attributed' }] })).toBe(false);
  });
});
