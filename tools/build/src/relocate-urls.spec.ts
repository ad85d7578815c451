import { beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@plumbline/testing';
import { relocateUrls, type Layout } from './relocate-urls.ts';

let layout: Layout;

beforeAll(async () => {
  const workspace = await temporaryDirectory();
  layout = { workspace, service: join(workspace, 'apps/shop') };
  for (const folder of ['apps/shop/src/engine', 'apps/shop/migrations', 'libs/pure/data/src']) {
    await mkdir(join(workspace, folder), { recursive: true });
  }
  for (const file of ['apps/shop/src/engine/counter.worker.ts', 'libs/pure/data/src/table.json']) {
    await writeFile(join(workspace, file), '');
  }
});

const relocate = (module: string, code: string) => relocateUrls(join(layout.workspace, module), code, layout);

describe('relocateUrls', () => {
  it('points to folders of the service', () => {
    const { code, assets } = relocate(
      'apps/shop/src/server.ts',
      "f(new URL('../migrations/', import.meta.url))",
    );
    expect(code).toBe('f(new URL("migrations/", __serviceRoot))');
    expect(assets).toEqual([
      { source: join(layout.service, 'migrations'), target: 'migrations', kind: 'copy' },
    ]);
  });

  it('makes code that runs on its own an entry', () => {
    const { code, assets } = relocate(
      'apps/shop/src/engine/pool.ts',
      'new Worker(new URL("./counter.worker.ts", import.meta.url))',
    );
    expect(code).toBe('new Worker(new URL("src/engine/counter.worker.js", __serviceRoot))');
    expect(assets).toMatchObject([{ target: 'src/engine/counter.worker.js', kind: 'entry' }]);
  });

  it('puts files of libraries below lib', () => {
    const { assets } = relocate('libs/pure/data/src/read.ts', "new URL('./table.json', import.meta.url)");
    expect(assets).toMatchObject([{ target: 'lib/libs/pure/data/src/table.json', kind: 'copy' }]);
  });

  it('refuses a URL of nothing', () => {
    expect(() => relocate('apps/shop/src/server.ts', "new URL('./gone.ts', import.meta.url)")).toThrow(
      'names ./gone.ts, which does not exist',
    );
  });

  it('leaves other URLs alone', () => {
    const code = "new URL('http://x/'); new URL(path, import.meta.url)";
    expect(relocate('apps/shop/src/server.ts', code)).toEqual({ code, assets: [] });
  });
});
