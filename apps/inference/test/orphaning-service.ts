import { layOutBatch } from '../src/domain/batch-buffer.ts';
import type { ModelFile } from '../src/domain/runner.ts';
import { openProcess } from './runners.ts';

// A service with one runner process, whose id it prints and which it keeps busy for ever.
const file = JSON.parse(process.argv[2] ?? '') as ModelFile;
const { runner, pid } = await openProcess(file, new AbortController().signal);
const batch = layOutBatch(runner.signature, [[1, 2]], 1);
new Float32Array(batch.buffer).fill(2 ** 40);
process.stdout.write(`${pid}\n`);
await runner.run(batch);
