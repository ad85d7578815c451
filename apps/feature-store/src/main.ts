import { run } from '@plumbline/service';
import { config } from './config.ts';
import { build } from './server.ts';

await run('feature-store', config, async (scope) => void (await build(scope)));
