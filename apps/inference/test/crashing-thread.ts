import { parentPort } from 'node:worker_threads';
import type { ToRunner } from '../src/engine/protocol.ts';

// A runner thread that dies of a batch whose first float is 666, as of a fault in native code that ends the thread.
parentPort?.on('message', (message: ToRunner) => {
  if (message.kind === 'run' && new Float32Array(message.buffer)[0] === 666) process.exit(1);
});
await import('../src/engine/runner-thread.ts');
