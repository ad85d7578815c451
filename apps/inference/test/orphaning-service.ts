import { probe } from '../src/domain/runners/probe.ts';
import type { ModelFile } from '../src/domain/runners/runner.ts';
import { openProcess } from './runners.ts';

// A service with one runner process, whose id it prints and which it keeps busy for ever.
const file = JSON.parse(process.argv[2] ?? '') as ModelFile;
const { runner, pid } = await openProcess(file, new AbortController().signal);
process.stdout.write(`${pid}\n`);
const trips = new Uint8Array(Float32Array.of(2 ** 40, 0).buffer);
await probe(runner, { shapes: [[1, 2]], raw: [trips] });
