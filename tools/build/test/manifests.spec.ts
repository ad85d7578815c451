import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseContainerfile } from '../src/containerfile.ts';
import {
  environmentOf,
  readResource,
  writableFolders,
  type Container,
  type Pod,
  type Port,
  type Resource,
} from './manifest.ts';

const workspace = join(import.meta.dirname, '../../..');
const deploy = join(workspace, 'deploy');
const image = parseContainerfile(readFileSync(join(deploy, 'images/inference.Containerfile'), 'utf8')).at(-1);
const ofImage = (name: string): string[] =>
  image?.instructions.flatMap((one) => (one.name === name ? [...one.args] : [])) ?? [];

interface Settings {
  readonly host: string;
  readonly grpcPort: number;
  readonly adminPort: number;
  readonly modelRepository: string;
}

/** What the service makes of the environment of image and container; throws where it would not start. */
async function settingsOf(container: Container): Promise<Settings & { readonly http: number | undefined }> {
  const { config } = (await import(join(workspace, 'apps/inference/src/config.ts'))) as {
    config: { parse(environment: Record<string, string>): Settings };
  };
  const { httpPort } = (await import(join(workspace, 'apps/inference/src/http-facade.ts'))) as {
    httpPort(settings: Settings): number | undefined;
  };
  const settings = config.parse({
    ...Object.fromEntries(ofImage('ENV').map((word) => word.split('=') as [string, string])),
    ...environmentOf(container),
  });
  return { ...settings, http: httpPort(settings) };
}

/** The names of all settings, of which a misspelt one would have no effect. */
async function variables(): Promise<string[]> {
  const { config } = (await import(join(workspace, 'apps/inference/src/config.ts'))) as {
    config: { describe(): { variable: string }[] };
  };
  return config.describe().map(({ variable }) => variable);
}

interface Runtime extends Pod {
  readonly annotations: Readonly<Record<string, string>>;
  readonly supportedModelFormats: readonly object[];
  readonly protocolVersions: readonly string[];
}

describe.each(['docs/coming-from-triton.md', 'apps/inference/README.md'])('%s', (file) => {
  it('names settings that there are', async () => {
    const text = readFileSync(join(workspace, file), 'utf8');
    // The name of a setting before its value; other servers' settings have a prefix.
    const named = [...text.matchAll(/(?<![A-Z_-])([A-Z]+(?:_[A-Z]+)+)=/g)].map(([, name]) => name);
    expect(named).not.toEqual([]);
    expect(await variables()).toEqual(
      expect.arrayContaining(named.filter((name) => name?.startsWith('MLSERVER_') === false)),
    );
  });
});

const runtime = readResource<Runtime>(join(deploy, 'kserve/serving-runtime.yaml'), 'ServingRuntime');
const ofKubernetes = <Spec>(kind: string): Resource<Spec> =>
  readResource<Spec>(join(deploy, 'kubernetes/inference.yaml'), kind);
const deployment = ofKubernetes<{
  selector: { matchLabels: object };
  template: { metadata: { labels: object; annotations: Record<string, string> }; spec: Pod };
}>('Deployment').spec;

describe.each<[string, Pod]>([
  ['kserve/serving-runtime.yaml', runtime.spec],
  ['kubernetes/inference.yaml', deployment.template.spec],
])('%s', (_file, pod) => {
  const [container] = pod.containers as [Container];

  it('sets what the service has settings for, so that it starts', async () => {
    expect(await variables()).toEqual(expect.arrayContaining(Object.keys(environmentOf(container))));
    expect(await settingsOf(container)).toMatchObject({ host: '0.0.0.0' });
  });

  it('lets the service write where it has to and nowhere else', () => {
    expect(container.securityContext).toMatchObject({
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
    expect(writableFolders(container, pod).sort()).toEqual(['/tmp', ...ofImage('VOLUME')]);
  });
});

describe('the ServingRuntime of KServe', () => {
  const [container] = runtime.spec.containers as [Container];
  const { model } = readResource<{
    predictor: {
      model: { runtime: string; modelFormat: object; protocolVersion: string; ports: readonly Port[] };
    };
  }>(join(deploy, 'kserve/inference-service.yaml'), 'InferenceService').spec.predictor;

  it('listens where KServe looks, and serves what its storage initializer brings', async () => {
    const settings = await settingsOf(container);
    expect(settings).toMatchObject({ http: 8080, grpcPort: 9000, modelRepository: '/mnt/models' });
    expect(container.readinessProbe.httpGet).toEqual({ path: '/v2/health/ready', port: settings.http });
    expect(runtime.spec.annotations['prometheus.kserve.io/port']).toBe(String(settings.adminPort));
  });

  it('is what the sample asks for', async () => {
    const { http, grpcPort } = await settingsOf(container);
    expect(model.runtime).toBe(runtime.metadata.name);
    expect(runtime.spec.supportedModelFormats).toContainEqual(model.modelFormat);
    expect(runtime.spec.protocolVersions).toContain(model.protocolVersion);
    expect(model.ports.map(({ containerPort }) => containerPort)).toEqual([http, grpcPort]);
  });
});

describe('the Deployment', () => {
  const { metadata, spec: pod } = deployment.template;
  const [container] = pod.containers as [Container];
  const named = new Map(container.ports?.map(({ name, containerPort }) => [name, containerPort]));
  const selected: unknown[] = [
    deployment.selector.matchLabels,
    ofKubernetes<{ selector: object }>('Service').spec.selector,
    ofKubernetes<{ podSelector: { matchLabels: object } }>('NetworkPolicy').spec.podSelector.matchLabels,
    ofKubernetes<{ selector: { matchLabels: object } }>('PodDisruptionBudget').spec.selector.matchLabels,
  ];

  it('names the ports that the service listens on', async () => {
    const { grpcPort, adminPort, http } = await settingsOf(container);
    expect(Object.fromEntries(named)).toEqual({ grpc: grpcPort, admin: adminPort, http });
    expect(metadata.annotations['prometheus.io/port']).toBe(String(adminPort));
  });

  it('is probed on the admin port', () => {
    expect(container.livenessProbe?.httpGet).toEqual({ path: '/healthz', port: 'admin' });
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'admin' });
  });

  it('reads its models and cannot change them', async () => {
    const { modelRepository } = await settingsOf(container);
    const mount = container.volumeMounts.find(({ mountPath }) => mountPath === modelRepository);
    expect(mount).toMatchObject({ readOnly: true });
  });

  it('is what Service, NetworkPolicy and PodDisruptionBudget select', () => {
    for (const labels of selected) expect(metadata.labels).toMatchObject(labels as object);
    const { ports } = ofKubernetes<{ ports: readonly Port[] }>('Service').spec;
    expect(ports.map(({ port, targetPort }) => [port, targetPort])).toEqual([
      [named.get('grpc'), 'grpc'],
      [named.get('http'), 'http'],
    ]);
    const { ingress } = ofKubernetes<{ ingress: { ports: readonly Port[] }[] }>('NetworkPolicy').spec;
    expect(ingress.map((rule) => rule.ports.map(({ port }) => port))).toEqual([['grpc', 'http'], ['admin']]);
  });
});
