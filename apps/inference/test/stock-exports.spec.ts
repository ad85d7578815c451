import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { decodeElements, encodeElements, type Datatype, type Element } from '@plumbline/tensors';
import { probe } from '../src/domain/runners/probe.ts';
import type { BatchOutput, ModelFile, Runner } from '../src/domain/runners/runner.ts';
import { hasRows } from '../src/domain/signature.ts';
import { openThread } from './runners.ts';

// Exports as the libraries' own converters write them; exports/make_exports.py tells how, and what Python answers.

const FOLDER = join(import.meta.dirname, 'exports');
const names = globSync('*.onnx', { cwd: FOLDER }).map((file) => basename(file, '.onnx'));

interface Tensor {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly values: readonly (number | string)[];
}

interface Expected {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
}

function expectedOf(name: string): Expected {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as Expected;
}

function fileOf(name: string) {
  const path = join(FOLDER, name);
  return { name, path, digest: `sha256:${createHash('sha256').update(readFileSync(path)).digest('hex')}` };
}

/** With the file of its weights, where there is one. */
async function open(name: string): Promise<Runner> {
  const beside = globSync(`${name}.onnx.data`, { cwd: FOLDER }).map(fileOf);
  const model: ModelFile = { ...fileOf(`${name}.onnx`), beside };
  return openThread(model, new AbortController().signal);
}

function rawOf({ datatype, values }: Tensor): Uint8Array {
  const element = (value: number | string): Element => {
    if (typeof value === 'string') return Buffer.from(value);
    return datatype === 'INT64' ? BigInt(value) : value;
  };
  return encodeElements(datatype, values.map(element));
}

function valuesOf({ raw }: BatchOutput, datatype: Datatype): (number | string)[] {
  return [...decodeElements(datatype, raw)].map((element) =>
    element instanceof Uint8Array ? Buffer.from(element).toString() : Number(element),
  );
}

/** The rows at these places, repeats included. */
function pick({ datatype, shape, values }: Tensor, rows: readonly number[]): Tensor {
  const [count = 1, ...rest] = shape;
  const width = values.length / count;
  const picked = rows.flatMap((row) => values.slice(row * width, (row + 1) * width));
  return { datatype, shape: [rows.length, ...rest], values: picked };
}

describe.each(names)('the stock export %s', (name) => {
  const { inputs, outputs } = expectedOf(name);

  it('opens as it is, with tensors that lead with rows', async () => {
    const runner = await open(name);
    const declared = Object.fromEntries(
      runner.signature.outputs.map(({ name, datatype, shape }) => [name, { datatype, rank: shape.length }]),
    );
    expect(declared).toEqual(
      Object.fromEntries(
        Object.entries(outputs).map(([name, { datatype, shape }]) => [
          name,
          { datatype, rank: shape.length },
        ]),
      ),
    );
    expect(hasRows(runner.signature)).toBe(true);
    await runner.close();
  });

  it.each([
    ['all rows', (count: number) => Array.from({ length: count }, (_, row) => row)],
    ['one row', () => [1]],
    ['rows in another order', (count: number) => [count - 1, 0, 0, 2]],
  ])('answers as the model does in Python: %s', async (_, rowsOf) => {
    const runner = await open(name);
    const rows = rowsOf(Object.values(inputs)[0]?.shape[0] ?? 0);
    const given = runner.signature.inputs.map(({ name }) => pick(inputs[name] as Tensor, rows));
    const answers = await probe(runner, {
      shapes: given.map(({ shape }) => shape),
      raw: given.map(rawOf),
    });
    runner.signature.outputs.forEach(({ name }, index) => {
      const expected = pick(outputs[name] as Tensor, rows);
      const answer = answers[index] as BatchOutput;
      expect({ name, shape: answer.shape }).toEqual({ name, shape: expected.shape });
      const values = valuesOf(answer, expected.datatype);
      if (expected.datatype !== 'FP32') expect(values).toEqual(expected.values);
      else values.forEach((value, at) => expect(value).toBeCloseTo(expected.values[at] as number, 5));
    });
    await runner.close();
  });
});
