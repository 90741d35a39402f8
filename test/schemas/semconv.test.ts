import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { packagePath } from '../../collector/package-path.js';
import * as attributes from '../../schemas/attributes.js';

/** What OpenTelemetry Weaver asks of a group of attributes, as far as it is used here. */
const registry = z.strictObject({
  groups: z.array(
    z.strictObject({
      id: z.string().startsWith('registry.'),
      type: z.literal('attribute_group'),
      display_name: z.string().min(1),
      brief: z.string().endsWith('.'),
      attributes: z.array(
        z.strictObject({
          id: z.string().regex(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/),
          type: z.literal('string'),
          stability: z.literal('development'),
          brief: z.string().endsWith('.'),
          examples: z.array(z.string()).min(1),
        }),
      ),
    }),
  ),
});

describe('the registry of semantic conventions', () => {
  it('has every key of our own that a sender or receiver writes, each once', () => {
    const text = readFileSync(packagePath('schemas', 'semconv', 'attribution.yaml'), 'utf8');
    const ids = registry.parse(parse(text)).groups.flatMap((group) => group.attributes.map(({ id }) => id));
    const keys = Object.values(attributes).flatMap((key) => (typeof key === 'string' ? [key] : []));
    // Others are OpenTelemetry's, or stay within the store.
    const own = keys.filter((key) => !/^(gen_ai\.|error\.|server\.|waybill\.record\.)/.test(key));
    expect(new Set(ids)).toEqual(new Set(own));
    expect(ids).toHaveLength(own.length);
  });
});
