import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import Ajv from 'ajv';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import * as z from 'zod';
import { serveConfig } from '../../collector/config.js';
import { parseContract } from '../../collector/contract/load.js';
import { packagePath } from '../../collector/package-path.js';
import { commands } from '../../collector/cli/commands.js';
import { unknownFields } from '../support/kubernetes.js';

const CHART = packagePath('deploy', 'helm', 'waybill');
const read = (...path: string[]): string => readFileSync(packagePath(...path), 'utf8');
const chartFile = (...path: string[]): string => read('deploy', 'helm', 'waybill', ...path);

/** What is rendered: a name, and the values beside the defaults. */
const RENDERINGS = { default: [], mesh: ['ci/mesh-values.yaml'], small: ['ci/small-values.yaml'] } as const;
const names = ['default', 'mesh', 'small'] as const;

const MODELS = {
  'apps/v1/Deployment': Deployment,
  'apps/v1/StatefulSet': StatefulSet,
  'batch/v1/Job': Job,
  'networking.k8s.io/v1/NetworkPolicy': NetworkPolicy,
  'policy/v1/PodDisruptionBudget': PodDisruptionBudget,
  'v1/ConfigMap': ConfigMap,
  'v1/Service': Service,
  'v1/ServiceAccount': ServiceAccount,
} as const;
const kinds = z.enum([
  'apps/v1/Deployment',
  'apps/v1/StatefulSet',
  'batch/v1/Job',
  'networking.k8s.io/v1/NetworkPolicy',
  'policy/v1/PodDisruptionBudget',
  'v1/ConfigMap',
  'v1/Service',
  'v1/ServiceAccount',
]);

const headSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

/** The resources of a rendering that Helm made. */
function resources(name: (typeof names)[number]) {
  return parseAllDocuments(read('test', 'fixtures', 'helm', `${name}.yaml`)).map((document) => {
    expect(document.errors).toEqual([]);
    const manifest = headSchema.parse(document.toJS());
    return { manifest, kind: kinds.parse(`${manifest.apiVersion}/${manifest.kind}`) };
  });
}

const built = spawnSync('bash', [packagePath('test', 'deploy', 'helm.sh'), '--built'], { encoding: 'utf8' });
if (built.status !== 0) console.log(`The chart is not rendered again. ${built.stderr.trim()}`);
const helm = (...args: string[]) => promisify(execFile)(built.stdout.trim(), args);

describe.skipIf(built.status !== 0)('the chart, to Helm itself', () => {
  it.each(names)('has nothing to warn of, and is rendered as it is kept: %s', async (name) => {
    const values = RENDERINGS[name].flatMap((file) => ['--values', `${CHART}/${file}`]);
    expect((await helm('lint', '--strict', CHART, ...values)).stdout).toContain('0 chart(s) failed');
    const where = ['--namespace', 'llm', '--kube-version', '1.31.0'];
    const { stdout } = await helm('template', 'waybill', CHART, ...where, ...values);
    await expect(stdout.replaceAll(/[ \t]+$/gm, '')).toMatchFileSnapshot(`../fixtures/helm/${name}.yaml`);
  });

  it('is refused where nothing would keep keys and costs from being read on the way', async () => {
    const rendered = helm('template', 'waybill', CHART, '--kube-version', '1.31.0', '--set', 'tls.secretName=');
    await expect(rendered).rejects.toThrow(/name a Secret with a certificate/);
  });
});

describe('the values of the chart', () => {
  it('are such as its schema has, which refuses others', () => {
    const isValues = new Ajv.default({ allowUnionTypes: true }).compile(
      z.looseObject({}).parse(JSON.parse(chartFile('values.schema.json'))),
    );
    for (const file of ['values.yaml', 'ci/mesh-values.yaml', 'ci/small-values.yaml']) {
      expect(isValues(parse(chartFile(file))), `${file}: ${JSON.stringify(isValues.errors)}`).toBe(true);
    }
    for (const wrong of [{ receiver: { replica: 2 } }, { auditor: { replicas: 0 } }, { env: { path: 'x' } }]) {
      expect(isValues(wrong), JSON.stringify(wrong)).toBe(false);
    }
  });

  it('are all said in the schema, and the chart is of this version', () => {
    const { properties } = z
      .object({ properties: z.record(z.string(), z.unknown()) })
      .parse(JSON.parse(chartFile('values.schema.json')));
    const values: unknown = parse(chartFile('values.yaml'));
    expect(Object.keys(properties).filter((one) => one !== 'global')).toEqual(Object.keys(Object(values)));
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(read('package.json')));
    expect(parse(chartFile('Chart.yaml'))).toMatchObject({ version, appVersion: version });
  });
});

const podSchema = z.object({
  automountServiceAccountToken: z.literal(false),
  enableServiceLinks: z.literal(false),
  securityContext: z.looseObject({
    runAsNonRoot: z.literal(true),
    seccompProfile: z.object({ type: z.literal('RuntimeDefault') }),
  }),
  containers: z.tuple([
    z.looseObject({
      args: z.array(z.string()),
      env: z.array(z.looseObject({ name: z.string(), value: z.string().optional() })),
      securityContext: z.strictObject({
        allowPrivilegeEscalation: z.literal(false),
        readOnlyRootFilesystem: z.literal(true),
        capabilities: z.object({ drop: z.tuple([z.literal('ALL')]) }),
      }),
      resources: z.object({ requests: z.object({ memory: z.string() }), limits: z.object({ memory: z.string() }) }),
    }),
  ]),
});
const withPod = z.looseObject({ spec: z.looseObject({ template: z.looseObject({ spec: podSchema }) }) });
const contractMap = z.object({ data: z.object({ 'waybill.yaml': z.string() }) });

describe('what the chart renders', () => {
  it('are resources to the schemas of Kubernetes, with no field that these do not know', async () => {
    const all = names.flatMap(resources);
    for (const { manifest, kind } of all) new MODELS[kind](z.any().parse(manifest)).validate();
    const typed = all.map(({ manifest, kind }) => ({
      module: `kubernetes-models/${kind}`,
      type: `I${manifest.kind}`,
      manifest: manifest as unknown,
    }));
    const [first] = typed.filter(({ type }) => type === 'IDeployment');
    const text = JSON.stringify(first?.manifest);
    const misspelt = {
      ...first,
      manifest: JSON.parse(text.replace('readOnlyRootFilesystem', 'readonlyRootFilesystem')),
    };
    const said = await unknownFields([...typed, { module: '', type: '', ...misspelt }]);
    const lines = [...said.matchAll(/manifests\.mts\((\d+),/g)].map(([, line]) => Number(line));
    // Two lines a manifest: the one that is misspelt is refused, and it alone.
    expect(new Set(lines), said).toEqual(new Set([2 * typed.length + 2]));
  });

  it.each(names)('are pods that are shut in, with settings that Waybill takes: %s', (name) => {
    const pods = resources(name).filter(({ kind }) => /Deployment|StatefulSet|Job/.test(kind));
    expect(pods.length).toBeGreaterThanOrEqual(3);
    for (const { manifest, kind } of pods) {
      const [container] = withPod.parse(manifest).spec.template.spec.containers;
      expect(Object.keys(commands)).toContain(container.args[0]);
      if (kind === 'batch/v1/Job') continue;
      const env = Object.fromEntries(container.env.map((one) => [one.name, one.value ?? '']));
      expect(manifest.metadata.name).toBe(`waybill-${env['WAYBILL_ROLE']}`);
      // What comes from a Secret or from Kubernetes.
      env['CLICKHOUSE_URL'] = 'http://waybill:secret@clickhouse:8123/waybill';
      if ('HOSTNAME' in env) env['HOSTNAME'] = 'waybill-auditor-0';
      expect(serveConfig({}, env)).toMatchObject({ isWide: true, drainMs: 10_000 });
    }
  });

  it('hand the contract on as it was given', () => {
    const map = resources('mesh').find(({ kind }) => kind === 'v1/ConfigMap');
    const yaml = contractMap.parse(map?.manifest).data['waybill.yaml'];
    expect(parseContract(yaml, 'waybill.yaml').forward?.endpoint).toBe('http://collector:4318');
  });
});
