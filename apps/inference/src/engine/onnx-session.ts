import { elementCount, type Datatype, type Shape } from '@plumbline/tensors';
import type * as OnnxRuntime from 'onnxruntime-node';
import type { InferenceSession, OnnxValue, Tensor } from 'onnxruntime-node';
import type { Region } from '../domain/runner.ts';
import type { ModelSignature, TensorSpec } from '../domain/signature.ts';
import type { ThreadOutput } from './protocol.ts';

/** The model has inputs or outputs that cannot be served. */
export class UnsupportedModel extends Error {
  override readonly name = 'UnsupportedModel';
}

export type Runtime = typeof OnnxRuntime;

type Elements = Tensor.DataTypeMap[Tensor.Type];
interface ElementType {
  readonly datatype: Datatype;
  readonly view: (buffer: ArrayBuffer, offsetBytes: number, length: number) => Elements;
}

/** onnxruntime-node's element types; float16 is 16 bits in a Uint16Array while Float16Array is hidden. */
const TYPES: Readonly<Record<string, ElementType>> = {
  bool: { datatype: 'BOOL', view: (...at) => new Uint8Array(...at) },
  uint8: { datatype: 'UINT8', view: (...at) => new Uint8Array(...at) },
  uint16: { datatype: 'UINT16', view: (...at) => new Uint16Array(...at) },
  uint32: { datatype: 'UINT32', view: (...at) => new Uint32Array(...at) },
  uint64: { datatype: 'UINT64', view: (...at) => new BigUint64Array(...at) },
  int8: { datatype: 'INT8', view: (...at) => new Int8Array(...at) },
  int16: { datatype: 'INT16', view: (...at) => new Int16Array(...at) },
  int32: { datatype: 'INT32', view: (...at) => new Int32Array(...at) },
  int64: { datatype: 'INT64', view: (...at) => new BigInt64Array(...at) },
  float16: { datatype: 'FP16', view: (...at) => new Uint16Array(...at) },
  float32: { datatype: 'FP32', view: (...at) => new Float32Array(...at) },
  float64: { datatype: 'FP64', view: (...at) => new Float64Array(...at) },
};
const NAMES: ReadonlyMap<Datatype, string> = new Map(
  Object.entries(TYPES).map(([name, { datatype }]) => [datatype, name]),
);

/** Loads onnxruntime-node. Only for threads that serve nothing else: `create` and `run` block their thread. */
export async function loadOnnxRuntime(): Promise<Runtime> {
  // With Float16Array in sight, onnxruntime-node would refuse the Uint16Array that its own binding fills.
  Reflect.deleteProperty(globalThis, 'Float16Array');
  const module = (await import('onnxruntime-node')) as Runtime & { readonly default?: Runtime };
  return module.default ?? module;
}

/** One session: a model on the CPU, one intra-op thread, so that answers do not depend on scheduling. */
export class OnnxSession {
  readonly signature: ModelSignature;
  readonly #runtime: Runtime;
  readonly #session: InferenceSession;

  private constructor(runtime: Runtime, session: InferenceSession) {
    this.#runtime = runtime;
    this.#session = session;
    this.signature = {
      inputs: session.inputMetadata.map(specOf),
      outputs: session.outputMetadata.map(specOf),
    };
  }

  /** @throws UnsupportedModel, or the engine's error for a model that it cannot make a session of. */
  static async create(runtime: Runtime, model: Uint8Array): Promise<OnnxSession> {
    const session = await runtime.InferenceSession.create(model, {
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // Only fatal ones: a failed run is reported by its caller, and the engine's lines may name values.
      logSeverityLevel: 4,
    });
    try {
      return new OnnxSession(runtime, session);
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /** Runs one batch; outputs with a region are filled in place, others get a buffer of their own. */
  async run(
    buffer: ArrayBuffer,
    inputs: readonly Region[],
    outputs: readonly (Region | undefined)[],
  ): Promise<ThreadOutput[]> {
    const feeds: Record<string, Tensor> = {};
    this.signature.inputs.forEach((spec, index) => {
      feeds[spec.name] = this.#tensor(spec, buffer, inputs[index] as Region);
    });
    const fetches: Record<string, OnnxValue | null> = {};
    this.signature.outputs.forEach((spec, index) => {
      const region = outputs[index];
      fetches[spec.name] = region === undefined ? null : this.#tensor(spec, buffer, region);
    });
    const results = await this.#session.run(feeds, fetches, { logSeverityLevel: 4 });
    return this.signature.outputs.map(({ name }, index) => {
      const { dims, data } = results[name] as Tensor & { readonly data: NodeJS.TypedArray };
      if (outputs[index] !== undefined) return { shape: dims, own: undefined };
      return {
        shape: dims,
        own: copyOf(data),
      };
    });
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  #tensor(spec: TensorSpec, buffer: ArrayBuffer, { offsetBytes, shape }: Region): Tensor {
    const name = NAMES.get(spec.datatype) as Tensor.Type;
    const elements = (TYPES[name] as ElementType).view(buffer, offsetBytes, elementCount(shape));
    return new this.#runtime.Tensor(name, elements, shape);
  }
}

function copyOf(data: NodeJS.TypedArray): ArrayBuffer {
  const copy = new Uint8Array(data.byteLength);
  copy.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return copy.buffer;
}

function specOf(metadata: InferenceSession.ValueMetadata): TensorSpec {
  if (!metadata.isTensor)
    throw new UnsupportedModel(`"${metadata.name}" is a sequence or a map, not a tensor`);
  const type = TYPES[metadata.type];
  if (type === undefined)
    throw new UnsupportedModel(`"${metadata.name}" has elements of type ${metadata.type}`);
  const shape: Shape = metadata.shape.map((dimension) => (typeof dimension === 'number' ? dimension : -1));
  return { name: metadata.name, datatype: type.datatype, shape };
}
