import { answer, onRequest, write } from './channel.ts';

// A runner process that a model has taken over. The first float of a batch chooses the answer.
const tensor = (name: string) => ({ name, datatype: 'FP32', shape: [-1, 2] });
const output = { shape: [1, 2], sizeBytes: 8 };
const ran = { kind: 'ran', id: 0, startedUs: 0, inputUs: 0, inferUs: 1 };
const ATTACKS: Readonly<Record<number, () => void>> = {
  1: () => write(new Uint8Array(8).fill(255)),
  2: () => write(Buffer.from('\x03\0\0\0\0\0\0\0{{{', 'latin1')),
  3: () => answer({ kind: 'constructor' }),
  4: () => answer({ ...ran, outputs: [output] }, new Uint8Array(4)),
  5: () => answer({ ...ran, outputs: [{ ...output, shape: [1000, 2] }] }, new Uint8Array(64)),
  6: () => answer({ ...ran, outputs: [] }),
  7: () => answer({ ...ran, outputs: [{ ...output, shape: ['1', null] }] }, new Uint8Array(64)),
  8: () => answer({ ...ran, outputs: [output], placedBytes: 100_000 }),
  9: () => answer({ ...ran, id: 99, outputs: [output], placedBytes: 100_000 }),
  10: () => {
    answer({ ...ran, id: 99, outputs: [output] }, new Uint8Array(64));
    process.exit();
  },
};

onRequest((message) => {
  if (message.kind === 'open') {
    const signature = { inputs: [tensor('x')], outputs: [tensor('y')] };
    answer({ kind: 'opened', signature, memoryBytes: 1 });
  } else if (message.kind === 'run') {
    ATTACKS[new Float32Array(message.buffer, 0, 1)[0] ?? 0]?.();
  }
});
