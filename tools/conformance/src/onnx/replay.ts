import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspectModel } from '@plumbline/onnx';
import { ServiceError } from '@plumbline/errors';
import { infer, outputOf, request, type Input } from '../target/infer.ts';
import type { Target } from '../target/target.ts';
import { difference } from './compare.ts';
import { modelNameOf, type DataSet, type OnnxCase } from './find-cases.ts';
import { readTensor } from './read-tensor.ts';

/** Adds a case's model to a Triton-layout repository; its inputs and outputs are left to the model file. */
export function writeCase(repository: string, testCase: OnnxCase): void {
  const folder = join(repository, modelNameOf(testCase));
  mkdirSync(join(folder, '1'), { recursive: true });
  copyFileSync(testCase.modelFile, join(folder, '1/model.onnx'));
  writeFileSync(join(folder, 'config.pbtxt'), 'platform: "onnxruntime_onnx"\nmax_batch_size: 0\n');
}

/** Loads a case's model, infers each of its data sets and unloads it. Answers what went wrong, undefined if nothing. */
export async function replay(target: Target, testCase: OnnxCase): Promise<string | undefined> {
  const modelName = modelNameOf(testCase);
  try {
    await target.client.repositoryModelLoad({ modelName }, { timeoutMs: 60_000 });
  } catch (error) {
    return `the load failed: ${describe(error)}`;
  }
  try {
    return await inferAll(target, testCase);
  } catch (error) {
    return describe(error);
  } finally {
    await target.client.repositoryModelUnload({ modelName });
  }
}

async function inferAll(target: Target, testCase: OnnxCase): Promise<string | undefined> {
  const model = inspectModel(readFileSync(testCase.modelFile));
  const outputNames = model.outputs.map(({ name }) => name);
  const inputNames = model.inputs.map(({ name }) => name);
  if (testCase.dataSets.every(({ outputs }) => outputs.length === 0)) return 'there is no expected output';
  for (const dataSet of testCase.dataSets) {
    const problem = await inferOne(target, modelNameOf(testCase), inputNames, outputNames, dataSet);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

async function inferOne(
  target: Target,
  modelName: string,
  inputNames: readonly string[],
  outputNames: readonly string[],
  { inputs, outputs }: DataSet,
): Promise<string | undefined> {
  const tensors = inputs.map((file, index): Input => ({
    name: inputNames[index] ?? '',
    ...readTensor(file),
  }));
  const answer = await infer(target, request(modelName, tensors), { timeoutMs: 60_000 });
  for (const [index, file] of outputs.entries()) {
    const name = outputNames[index] ?? '';
    const found = difference(outputOf(answer, name), readTensor(file));
    if (found !== undefined) return `${name} ${found}`;
  }
  return undefined;
}

function describe(error: unknown): string {
  if (error instanceof ServiceError) return `${error.codeName} (${error.reason}): ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
