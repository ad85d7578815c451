import { BroadcastChannel, parentPort } from 'node:worker_threads';
import type { ToRunner } from '../src/engine/protocol.ts';

// A runner thread that says nothing of its model, and closes as it is told once the test lets it go on.
const release = new BroadcastChannel('late-thread');
const goOn = new Promise<void>((resolve) => {
  release.onmessage = () => {
    release.close();
    resolve();
  };
});
parentPort?.on('message', (message: ToRunner) => {
  if (message.kind === 'end') void goOn.then(() => parentPort?.close());
});
