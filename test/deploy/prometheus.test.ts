import { readFile } from 'node:fs/promises';
import { parser } from '@prometheus-io/lezer-promql';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { createAlertMetrics } from '../../collector/alerts/metrics.js';
import { packagePath } from '../../collector/package-path.js';

const rulesSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string(),
          expr: z.string(),
          for: z
            .string()
            .regex(/^\d+[smhd]$/)
            .optional(),
          labels: z.strictObject({ severity: z.enum(['warning', 'critical']) }),
          annotations: z.strictObject({ summary: z.string() }),
        }),
      ),
    }),
  ),
});

async function rules() {
  const text = await readFile(packagePath('deploy', 'prometheus', 'waybill.rules.yaml'), 'utf8');
  return rulesSchema.parse(parse(text)).groups.flatMap((group) => group.rules);
}

/** Where Prometheus's own grammar does not take an expression. */
function errorsIn(expression: string): string[] {
  const errors: string[] = [];
  parser.parse(expression).iterate({
    enter: ({ type, from }) => {
      if (type.isError) errors.push(`${expression.slice(0, from)}⚠${expression.slice(from)}`);
    },
  });
  return errors;
}

describe('the alert rules for Prometheus', () => {
  it('are expressions of PromQL, which knows what is not', async () => {
    for (const { expr } of await rules()) {
      expect(errorsIn(expr)).toEqual([]);
      expect(errorsIn(`${expr} >`)).not.toEqual([]);
    }
  });

  it('ask for metrics and labels that there are', async () => {
    const registry = new Registry();
    createAlertMetrics(registry);
    // The labels are in the type of no metric.
    const known = new Map(
      registry
        .getMetricsAsArray()
        .map((metric) => [metric.name, z.object({ labelNames: z.array(z.string()) }).parse(metric).labelNames]),
    );
    for (const { alert, expr, annotations } of await rules()) {
      const names = [...expr.matchAll(/waybill_\w+/g)].map(([name]) => name);
      expect(names.length, alert).toBeGreaterThan(0);
      for (const name of names) expect([...known.keys()], alert).toContain(name);
      const labels = [...`${annotations.summary} ${expr}`.matchAll(/\$labels\.(\w+)|\{(\w+)=/g)].map(
        ([, a, b]) => a ?? b,
      );
      for (const label of labels) expect(known.get(names[0] ?? ''), `${alert}: ${label}`).toContain(label);
    }
  });

  it('have names of their own', async () => {
    const names = (await rules()).map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
  });
});
