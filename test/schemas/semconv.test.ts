import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { packagePath } from '../../collector/package-path.js';
import * as attributes from '../../schemas/attributes.js';
import * as signals from '../../schemas/signals.js';

const brief = z.string().endsWith('.');
const stability = z.literal('development');
const references = z.array(
  z.strictObject({ ref: z.string(), requirement_level: z.enum(['required', 'recommended']).optional() }),
);

/** What OpenTelemetry Weaver asks of groups, as far as they are used here. */
const registry = z.strictObject({
  groups: z.array(
    z.discriminatedUnion('type', [
      z.strictObject({
        id: z.string().startsWith('registry.'),
        type: z.literal('attribute_group'),
        display_name: z.string().min(1),
        brief,
        attributes: z.array(
          z.strictObject({
            id: z.string().regex(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/),
            type: z.literal('string'),
            stability,
            brief,
            examples: z.array(z.string()).min(1),
          }),
        ),
      }),
      z.strictObject({
        id: z.string(),
        type: z.literal('event'),
        name: z.string(),
        stability,
        brief,
        attributes: references,
      }),
      z.strictObject({
        id: z.string(),
        type: z.literal('metric'),
        metric_name: z.string(),
        instrument: z.literal('gauge'),
        unit: z.string(),
        stability,
        brief,
        attributes: references,
      }),
    ]),
  ),
});

const groups = ['attribution.yaml', 'signals.yaml'].flatMap(
  (file) => registry.parse(parse(readFileSync(packagePath('schemas', 'semconv', file), 'utf8'))).groups,
);
const ids = groups.flatMap((group) => (group.type === 'attribute_group' ? group.attributes.map(({ id }) => id) : []));

describe('the registry of semantic conventions', () => {
  it('has every key of our own that a sender or receiver writes, each once', () => {
    const keys = Object.values(attributes).flatMap((key) => (typeof key === 'string' ? [key] : []));
    // Others are OpenTelemetry's, or stay within the store.
    const own = keys.filter((key) => !/^(gen_ai\.|error\.|server\.|waybill\.record\.)/.test(key));
    expect(new Set(ids)).toEqual(new Set(own));
    expect(ids).toHaveLength(own.length);
  });

  it('has every event and metric that Waybill sends, of attributes that there are', () => {
    const named = groups.flatMap((group) => {
      if (group.type === 'attribute_group') return [];
      const name = group.type === 'event' ? group.name : group.metric_name;
      expect(group.id).toBe(`${group.type}.${name}`);
      for (const { ref } of group.attributes) expect(ids).toContain(ref);
      return [name];
    });
    expect(named.toSorted()).toEqual(Object.values(signals).toSorted());
  });
});
