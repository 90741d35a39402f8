import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import type { Field } from 'protobufjs';
import { common, Enum, Root, Type } from 'protobufjs';
import * as z from 'zod';

const require = createRequire(import.meta.url);

/** Where Envoy's API is, with what it includes, as gRPC's package for Envoy ships it. */
const DEPS = join(dirname(require.resolve('@grpc/grpc-js-xds/package.json')), 'deps');
const INCLUDED = ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'];

const objectSchema = z.record(z.string(), z.unknown());
const descriptorSchema = z.object({
  nested: z.object({
    google: z.object({
      nested: z.object({ protobuf: z.object({ nested: z.record(z.string(), z.any()) }) }),
    }),
  }),
});

/**
 * Says what Envoy's API does not know in the `typed_config` of an extension: fields, values of enums, and more than one
 * of what is either one or the other. https://www.envoyproxy.io/docs/envoy/latest/api-v3/api
 *
 * @param typedConfig with its `@type`
 * @param file the file of the API that has the type
 * @returns where, and what; empty: nothing is wrong
 */
export async function unknownToEnvoy(typedConfig: unknown, file: string): Promise<string[]> {
  const { nested } = descriptorSchema.parse(require('protobufjs/google/protobuf/descriptor.json'));
  // Of what belongs to protobuf itself it alone is not there by itself.
  common('descriptor', nested.google.nested.protobuf.nested);
  const root = new Root();
  root.resolvePath = (_origin, target) => {
    const own = INCLUDED.map((part) => join(DEPS, part, target)).find((path) => existsSync(path));
    return own ?? target;
  };
  await root.load(file, { keepCase: true });
  const { '@type': name, ...config } = objectSchema.parse(typedConfig);
  return problems(root.lookupType(String(name).replace('type.googleapis.com/', '')), config, '');
}

function problems(type: Type, value: unknown, at: string): string[] {
  // Written as a text.
  if (type.fullName === '.google.protobuf.Duration')
    return /^\d+(\.\d+)?s$/.test(String(value)) ? [] : [`${at}: no duration`];
  const parsed = objectSchema.safeParse(value);
  if (!parsed.success) return [`${at}: no ${type.name}`];
  const said = Object.keys(parsed.data);
  const twice = type.oneofsArray.filter(({ oneof }) => oneof.filter((one) => said.includes(one)).length > 1);
  return [
    ...twice.map(({ oneof }) => `${at}: more than one of ${oneof.join(', ')}`),
    ...Object.entries(parsed.data).flatMap(([name, inner]) => {
      const field = type.fields[name];
      if (field === undefined) return [`${at}.${name}: unknown to ${type.name}`];
      const all = field.repeated && Array.isArray(inner) ? inner : [inner];
      return all.flatMap((one: unknown) => fieldProblems(field, one, `${at}.${name}`));
    }),
  ];
}

const SCALARS: Readonly<Record<string, string>> = {
  bool: 'boolean',
  string: 'string',
  uint32: 'number',
  int32: 'number',
};

function fieldProblems(field: Field, value: unknown, at: string): string[] {
  const { resolvedType } = field.resolve();
  if (resolvedType instanceof Type) return problems(resolvedType, value, at);
  if (resolvedType instanceof Enum)
    return String(value) in resolvedType.values ? [] : [`${at}: no ${resolvedType.name}`];
  const wanted = SCALARS[field.type];
  return wanted === undefined || typeof value === wanted ? [] : [`${at}: no ${field.type}`];
}
