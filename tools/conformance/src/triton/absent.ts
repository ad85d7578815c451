import type { Check, Checks } from '../suite/check.ts';
import { expectStatus } from '../suite/expect.ts';
import { Skipped } from '../suite/outcome.ts';
import { callBytes } from '../target/infer.ts';

/** Methods of Triton's service by the extension that offers them; an empty message is a request of each. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  system_shared_memory: ['Status', 'Register', 'Unregister'].map((what) => `SystemSharedMemory${what}`),
  cuda_shared_memory: ['Status', 'Register', 'Unregister'].map((what) => `CudaSharedMemory${what}`),
  trace: ['TraceSetting'],
  logging: ['LogSettings'],
};

export const absentChecks: Checks = Object.fromEntries(
  Object.entries(METHODS).map(([extension, methods]) => [
    extension.replaceAll('_', '-'),
    absenceOf(extension, methods),
  ]),
);

function absenceOf(extension: string, methods: readonly string[]): Check {
  return {
    title: `without the extension ${extension}, ${methods.join(', ')} answer UNIMPLEMENTED`,
    run: async (target) => {
      if (target.extensions.has(extension))
        throw new Skipped(`the server offers ${extension}: not judged here`);
      for (const method of methods) {
        await expectStatus(callBytes(target, method, Buffer.alloc(0)), 'UNIMPLEMENTED');
      }
    },
  };
}
