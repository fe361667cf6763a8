/** The manifests of docker/kubernetes: right by Kubernetes' own schemas, and in step with the command line and the settings. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfiguration } from '@headrace/configuration';
import { metricList } from '@headrace/telemetry';
import { describe, expect, test } from '@jest/globals';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import { PodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { Deployment } from 'kubernetes-models/apps/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Secret, Service, ServiceAccount } from 'kubernetes-models/v1';
import ts from 'typescript';
import { parse, parseAllDocuments } from 'yaml';
import { ROOT } from './workspace.ts';

const FOLDER = join(ROOT, 'docker/kubernetes');
const files = readdirSync(FOLDER).filter((file) => file !== 'kustomization.yaml');

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

const manifests = files.flatMap((file) =>
  parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8')).map((document) => document.toJS({ maxAliasCount: -1 }) as Manifest),
);
const named = manifests.map((manifest) => ({ name: `${manifest.kind} ${manifest.metadata.name}`, manifest }));

/** By kind: the schema's validator, and where its type is. */
const KINDS: Readonly<Record<string, { readonly model: new (data: never) => { validate(): void }; readonly from: string }>> = {
  ConfigMap: { model: ConfigMap, from: 'kubernetes-models/v1' },
  Deployment: { model: Deployment, from: 'kubernetes-models/apps/v1' },
  PodDisruptionBudget: { model: PodDisruptionBudget, from: 'kubernetes-models/policy/v1' },
  PodMonitor: { model: PodMonitor, from: '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1' },
  ScaledObject: { model: ScaledObject, from: '@kubernetes-models/keda/keda.sh/v1alpha1' },
  Secret: { model: Secret, from: 'kubernetes-models/v1' },
  Service: { model: Service, from: 'kubernetes-models/v1' },
  ServiceAccount: { model: ServiceAccount, from: 'kubernetes-models/v1' },
};

const deployments = manifests.filter(({ kind }) => kind === 'Deployment') as unknown as readonly {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}[];
interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly initContainers: readonly Container[];
  readonly containers: readonly Container[];
}
interface Container {
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly envFrom: readonly {
    readonly configMapRef?: { readonly name: string };
    readonly secretRef?: { readonly name: string; readonly optional?: boolean };
  }[];
}
const pods = deployments.map(({ metadata, spec }) => ({ name: metadata.name, pod: spec.template.spec }));

/** What the container's environment is, secrets as the example has them. */
function environmentOf({ env = [], envFrom }: Container): Record<string, string> {
  const sources = envFrom.flatMap(({ configMapRef, secretRef }) => {
    const name = configMapRef?.name ?? secretRef?.name;
    const found = manifests.find(({ kind, metadata }) => kind === (configMapRef ? 'ConfigMap' : 'Secret') && metadata.name === name);
    if (found === undefined && secretRef?.optional !== true) throw new Error(`Nothing is called ${name}`);
    const { data, stringData } = (found ?? {}) as { data?: Record<string, string>; stringData?: Record<string, string> };
    return [{ ...data, ...stringData }];
  });
  return Object.assign({}, ...sources, Object.fromEntries(env.map(({ name, value }) => [name, value])));
}

describe('the manifests for Kubernetes', () => {
  test.each(named)('$name is valid by its schema', ({ manifest }) => {
    const kind = KINDS[manifest.kind];
    expect(kind).toBeDefined();
    const model = kind && new kind.model(manifest as never);
    expect(() => model?.validate()).not.toThrow();
    const wrong = kind && new kind.model({ ...manifest, spec: 1, data: 1, stringData: 1, automountServiceAccountToken: 'no' } as never);
    expect(() => wrong?.validate()).toThrow();
  });

  test('name no field that their types do not know', () => {
    expect(unknownFields(manifests)).toEqual([]);
    const [first] = deployments;
    expect(unknownFields([{ ...first, spec: { ...first?.spec, replica: 1 } } as unknown as Manifest])).toEqual([
      expect.stringContaining('replica'),
    ]);
  }, 120_000);

  test('are all applied but the example of the Secret', () => {
    const { resources } = parse(readFileSync(join(FOLDER, 'kustomization.yaml'), 'utf8')) as { resources: string[] };
    expect([...resources, 'secret.example.yaml'].sort()).toEqual(files.sort());
  });

  test.each(pods)('$name: command and options are those of the CLI, and settings are good', async ({ pod }) => {
    for (const container of [...pod.initContainers, ...pod.containers]) {
      const words = container.args.slice(0, container.args[0] === 'db' ? 2 : 1);
      const help = execFileSync(process.execPath, ['apps/cli/src/main.ts', ...words, '--help'], { cwd: ROOT, encoding: 'utf8' });
      expect(help).toContain(`headrace ${words.join(' ')}`);
      for (const option of container.args.filter((arg) => arg.startsWith('--'))) expect(help).toContain(option);
      const env = Object.fromEntries(
        Object.entries(environmentOf(container)).map(([name, value]) => [
          name,
          value.replace('<host>', 'host').replace(/<\w+>/, 'a-long-secret-of-theirs'),
        ]),
      );
      const { drainSeconds, taskGraceSeconds } = await loadConfiguration({ env, cwd: tmpdir() });
      if (words[0] === 'worker') expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(drainSeconds + taskGraceSeconds);
    }
  });

  test('serve every queue that a DAG can name without asking, and scale by each of them', () => {
    const served = pods.flatMap(({ pod }) => pod.containers.flatMap(({ args }) => args[args.indexOf('--queues') + 1]?.split(',') ?? []));
    const scaled = [...readFileSync(join(FOLDER, 'autoscaling.yaml'), 'utf8').matchAll(/queue=~"([\w|]+)"/g)].flatMap(
      ([, queues]) => queues?.split('|') ?? [],
    );
    for (const queue of ['extract', 'load', 'transform', 'export', 'default']) {
      expect(served).toContain(queue);
      expect(scaled).toContain(queue);
    }
    const metrics = [...readFileSync(join(FOLDER, 'autoscaling.yaml'), 'utf8').matchAll(/headrace_\w+/g)].map(([name]) => name);
    expect(metrics.filter((name) => !metricList.some((metric) => metric.name === name))).toEqual([]);
  });

  test('give the token of the API to nobody but the API', () => {
    const with_ = pods.filter(({ pod }) => pod.containers.some((container) => 'HEADRACE_TOKEN' in environmentOf(container)));
    expect(with_.map(({ name }) => name)).toEqual(['headrace-api']);
  });
});

/** The compiler's words on what is written and not known: the schemas themselves let unknown fields pass. */
function unknownFields(given: readonly Manifest[]): readonly string[] {
  const lines = given.map((manifest, index) => {
    const type = `import('${KINDS[manifest.kind]?.from}').I${manifest.kind}`;
    return `export const manifest${index} = ${JSON.stringify(manifest)} satisfies ${type};`;
  });
  const file = join(ROOT, 'tests/architecture/manifests.ts');
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ESNext,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, lines.join('\n'), ts.ScriptTarget.ESNext) : getSourceFile.call(host, name, ...rest);
  host.fileExists = (name) => name === file || fileExists.call(host, name);
  return ts
    .getPreEmitDiagnostics(ts.createProgram([file], options, host))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}
