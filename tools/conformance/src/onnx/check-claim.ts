import { readFileSync } from 'node:fs';
import { inspectModel } from '@plumbline/onnx';
import { difference } from './compare.ts';
import type { EngineAnswer, EngineOracle } from './engine-oracle.ts';
import type { DataSet, OnnxCase } from './find-cases.ts';
import { readTensor } from './read-tensor.ts';
import type { Claim } from './skip-list.ts';

/**
 * Whether what the skip list claims of a case is so, by a look at the model and a run of it by onnxruntime-node alone.
 * Undefined where it is; else what was found.
 */
export async function refuteClaim(
  claim: Claim,
  { modelFile, dataSets }: OnnxCase,
  oracle: EngineOracle,
): Promise<string | undefined> {
  const { inputs, outputs } = inspectModel(readFileSync(modelFile));
  const values = [...inputs, ...outputs];
  if (claim === 'not-a-tensor') {
    return values.some(({ kind }) => kind !== 'tensor') ? undefined : 'every input and output is a tensor';
  }
  if (claim === 'bfloat16') {
    const found = values.some((value) => value.kind === 'tensor' && value.datatype === 'BF16');
    return found ? undefined : 'no input or output is bfloat16';
  }
  for (const dataSet of dataSets) {
    const answer = await oracle.run({ modelFile, inputs: dataSet.inputs.map(readTensor) });
    if (holds(claim, answer, dataSet)) return undefined;
  }
  return 'onnxruntime-node does it';
}

function holds(claim: Claim, answer: EngineAnswer, { outputs }: DataSet): boolean {
  if ('failed' in answer) return claim === `engine-cannot-${answer.failed}`;
  if (claim !== 'engine-differs') return false;
  return outputs.some((file, index) => {
    const output = answer.outputs[index];
    return output === undefined || difference(output, readTensor(file)) !== undefined;
  });
}
