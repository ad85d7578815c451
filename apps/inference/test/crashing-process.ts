import { FrameReader } from '../src/engine/frames.ts';
import { requestOfFrame } from '../src/engine/runner-frames.ts';

// A runner process that dies of a batch whose first float is 666, as of a fault in native code.
const push = FrameReader.prototype.push;
FrameReader.prototype.push = function (chunk) {
  const frames = push.call(this, chunk);
  for (const { head, body } of frames) {
    const { kind } = requestOfFrame({ head, body: body.slice(0) });
    if (kind === 'run' && new Float32Array(body, 0, 1)[0] === 666) process.kill(process.pid, 'SIGSEGV');
  }
  return frames;
};
await import('../src/engine/runner-process.ts');
