import { run } from '@plumbline/service';
import { config } from './config.ts';
import type { Engine } from './domain/runners/runner.ts';
import { build } from './server.ts';

/** Node waits for its threads when it ends, and an abandoned one may never end. */
function endDespiteAbandoned(engine: Engine): void {
  process.once('exit', () => {
    if (engine.abandoned > 0) process.kill(process.pid, 'SIGKILL');
  });
}

await run('inference', config, (scope) => build(scope, endDespiteAbandoned));
