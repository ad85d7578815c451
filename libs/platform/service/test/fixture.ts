import { Code, ServiceError, type CodeName } from '@plumbline/errors';
import { defineConfig, integer, port, run, type Scope } from '../src/index.ts';

const config = defineConfig('fixture', { grpcPort: port(0), size: integer({ min: 1 }) });

function build(scope: Scope): void {
  const failure = process.env['WIRING_FAILS'] as CodeName | undefined;
  if (failure) throw new ServiceError(Code[failure], 'WIRING_FAILED', 'as told');
  scope.adopt({ close: () => scope.log.info({}, 'closed') }, 'resource');
  if (process.env['DRAINS'] === 'never') scope.onDrain(() => new Promise(() => undefined));
  scope.log.info({}, 'built');
  if (process.env['FAULT'])
    setTimeout(() => {
      throw new Error('stray fault');
    }, 10);
}

await run('fixture', config, build);
