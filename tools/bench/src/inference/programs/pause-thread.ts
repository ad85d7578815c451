// The entry of the thread that sleeps for Pauses.
import { parentPort } from 'node:worker_threads';

const nothing = new Int32Array(new SharedArrayBuffer(4));

parentPort?.on('message', (ms: number) => {
  Atomics.wait(nothing, 0, 0, ms);
  parentPort?.postMessage(undefined);
});
