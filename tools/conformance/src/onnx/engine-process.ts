// A process that runs models by onnxruntime-node alone: the oracle for what the engine can and cannot do.
import { decodeElements, encodeElements, type Datatype } from '@plumbline/tensors';
import type { Tensor } from 'onnxruntime-node';
import type { EngineAnswer, EngineRequest, EngineTensor } from './engine-oracle.ts';

// With Float16Array in sight, onnxruntime-node would refuse the Uint16Array that its own binding fills.
Reflect.deleteProperty(globalThis, 'Float16Array');
const runtime = await import('onnxruntime-node');

const TYPES = {
  BOOL: ['bool', Uint8Array],
  UINT8: ['uint8', Uint8Array],
  UINT16: ['uint16', Uint16Array],
  UINT32: ['uint32', Uint32Array],
  UINT64: ['uint64', BigUint64Array],
  INT8: ['int8', Int8Array],
  INT16: ['int16', Int16Array],
  INT32: ['int32', Int32Array],
  INT64: ['int64', BigInt64Array],
  FP16: ['float16', Uint16Array],
  FP32: ['float32', Float32Array],
  FP64: ['float64', Float64Array],
} as const;

process.on('message', (request: EngineRequest) => {
  void answer(request).then((result) => process.send?.(result));
});

async function answer({ modelFile, inputs }: EngineRequest): Promise<EngineAnswer> {
  try {
    const options = { executionProviders: ['cpu'], logSeverityLevel: 4, intraOpNumThreads: 1 } as const;
    const session = await runtime.InferenceSession.create(modelFile, options);
    try {
      const feeds = session.inputNames.map((name, index) => [name, tensorOf(inputs[index])]);
      const results = await session.run(Object.fromEntries(feeds) as Record<string, Tensor>);
      return { outputs: session.outputNames.map((name) => plainOf(results[name] as Tensor)) };
    } catch (error) {
      return { failed: 'run', message: String(error) };
    } finally {
      await session.release();
    }
  } catch (error) {
    return { failed: 'open', message: String(error) };
  }
}

function tensorOf(input: EngineTensor | undefined): Tensor {
  if (input === undefined) throw new Error('the test has fewer inputs than the model');
  const { datatype, shape, raw } = input;
  if (datatype === 'BYTES') {
    const texts = decodeElements('BYTES', raw).map((bytes) => Buffer.from(bytes as Uint8Array).toString());
    return new runtime.Tensor('string', texts, shape);
  }
  const type = TYPES[datatype as keyof typeof TYPES];
  if (type === undefined) throw new Error(`the engine has no ${datatype}`);
  return new runtime.Tensor(type[0], new type[1](new Uint8Array(raw).buffer) as never, shape);
}

function plainOf(tensor: Tensor): EngineTensor {
  const { dims: shape, data, type } = tensor;
  if (data === undefined) throw new Error(`an output is a ${type}`);
  if (Array.isArray(data)) {
    const texts = data.map((text) => Buffer.from(text));
    return { datatype: 'BYTES', shape, raw: encodeElements('BYTES', texts) };
  }
  const datatype = Object.entries(TYPES).find(([, [name]]) => name === type)?.[0] as Datatype | undefined;
  if (datatype === undefined) throw new Error(`an output has elements of type ${type}`);
  return { datatype, shape, raw: new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice() };
}
