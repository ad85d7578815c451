import type { TensorModel } from '@plumbline/onnx';
import { elementCount, type Shape } from '@plumbline/tensors';
import type * as OnnxRuntime from 'onnxruntime-node';
import type { InferenceSession, OnnxValue, Tensor } from 'onnxruntime-node';
import type { BatchOutput, Region } from '../domain/runners/runner.ts';
import type { ModelSignature, TensorSpec } from '../domain/signature.ts';
import { datatypeOf, elementTypeOf, viewElements } from './element-types.ts';
import type { SessionOptions } from './protocol.ts';
import { decodeTexts, encodeTexts } from './text-elements.ts';

/** The model has inputs or outputs that cannot be served. */
export class UnsupportedModel extends Error {
  override readonly name = 'UnsupportedModel';
}

export type Runtime = typeof OnnxRuntime;

/** What came of one run, and how long it took to give the engine its inputs and to wait for its outputs. */
export interface SessionRun {
  readonly outputs: readonly BatchOutput[];
  readonly inputUs: number;
  readonly inferUs: number;
}

/** Loads onnxruntime-node. Only for threads that serve nothing else: `create` and `run` block their thread. */
export async function loadOnnxRuntime(): Promise<Runtime> {
  // With Float16Array in sight, onnxruntime-node would refuse the Uint16Array that its own binding fills.
  Reflect.deleteProperty(globalThis, 'Float16Array');
  const module = (await import('onnxruntime-node')) as Runtime & { readonly default?: Runtime };
  return module.default ?? module;
}

/** One session: a model on one device. On one intra-op thread answers do not depend on scheduling. */
export class OnnxSession {
  readonly signature: ModelSignature;
  readonly #runtime: Runtime;
  readonly #session: InferenceSession;
  /** Whether outputs have had the shapes that the model declares. */
  #inPlace = true;

  private constructor(runtime: Runtime, session: InferenceSession, labels: TensorModel['labels']) {
    this.#runtime = runtime;
    this.#session = session;
    this.signature = {
      inputs: session.inputMetadata.map(specOf),
      outputs: session.outputMetadata.map(specOf).map((spec) => withLabels(spec, labels.get(spec.name))),
    };
  }

  /** @throws UnsupportedModel, or the engine's error for a model or a device that it cannot make a session of. */
  static async create(
    runtime: Runtime,
    { model, labels }: TensorModel,
    options: SessionOptions,
  ): Promise<OnnxSession> {
    const session = await runtime.InferenceSession.create(model, {
      executionProviders: [providerOf(options.device)],
      intraOpNumThreads: options.intraOpThreads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      // Threads that wait for work by spinning take the cores of the other runners.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
      // Only fatal ones: a failed run is reported by its caller, and the engine's lines may name values.
      logSeverityLevel: 4,
    });
    try {
      return new OnnxSession(runtime, session, labels);
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /**
   * Runs one batch; outputs with a region are filled in place, others get a buffer of their own.
   * @throws RangeError for BYTES that are no texts, or the engine's error.
   */
  async run(
    buffer: ArrayBuffer,
    inputs: readonly Region[],
    outputs: readonly (Region | undefined)[],
  ): Promise<SessionRun> {
    const startMs = performance.now();
    const feeds: Record<string, Tensor> = {};
    this.signature.inputs.forEach((spec, index) => {
      feeds[spec.name] = this.#tensor(spec, buffer, inputs[index] as Region);
    });
    const regions = this.#inPlace ? outputs.map((region, index) => this.#roomFor(index, region)) : [];
    try {
      return await this.#fetch(feeds, buffer, regions, startMs);
    } catch (error) {
      if (!isShapeMisfit(error)) throw error;
    }
    const run = await this.#fetch(feeds, buffer, [], startMs);
    this.#inPlace = false;
    return run;
  }

  async #fetch(
    feeds: Record<string, Tensor>,
    buffer: ArrayBuffer,
    regions: readonly (Region | undefined)[],
    startMs: number,
  ): Promise<SessionRun> {
    const fetches: Record<string, OnnxValue | null> = {};
    this.signature.outputs.forEach((spec, index) => {
      const region = regions[index];
      fetches[spec.name] = region === undefined ? null : this.#tensor(spec, buffer, region);
    });
    const readyMs = performance.now();
    const results = await this.#session.run(feeds, fetches, { logSeverityLevel: 4 });
    const endMs = performance.now();
    const extracted = this.signature.outputs.map((spec, index) => {
      const { dims: shape, data } = results[spec.name] as Tensor;
      const region = regions[index];
      if (region === undefined) return { shape, raw: rawOf(data) };
      return { shape, raw: new Uint8Array(buffer, region.offsetBytes, region.sizeBytes) };
    });
    return { outputs: extracted, inputUs: usOf(readyMs - startMs), inferUs: usOf(endMs - readyMs) };
  }

  /** The metadata of a model tells a scalar and an output of unknown rank alike, so neither is filled in place. */
  #roomFor(index: number, region: Region | undefined): Region | undefined {
    return this.signature.outputs[index]?.shape.length === 0 ? undefined : region;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  #tensor(spec: TensorSpec, buffer: ArrayBuffer, { offsetBytes, sizeBytes, shape }: Region): Tensor {
    const count = elementCount(shape);
    const elements =
      spec.datatype === 'BYTES'
        ? decodeTexts(new Uint8Array(buffer, offsetBytes, sizeBytes), count)
        : viewElements(spec.datatype, buffer, offsetBytes, count);
    return new this.#runtime.Tensor(elementTypeOf(spec.datatype), elements, shape);
  }
}

/** Some exports declare an output with another width than it has; the engine minds only where it is given the room. */
function isShapeMisfit(error: unknown): boolean {
  return error instanceof Error && error.message.includes('pre-allocated output');
}

/** The engine's elements in the protocol's raw form, in a buffer of their own that can be transferred. */
function rawOf(data: Tensor['data']): Uint8Array {
  if (Array.isArray(data)) return encodeTexts(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
}

/** `cuda:1` → the provider of the second GPU. */
function providerOf(device: string): InferenceSession.ExecutionProviderConfig {
  const [name = '', number = '0'] = device.split(':');
  return name === 'cuda' ? { name, deviceId: Number(number) } : name;
}

function usOf(ms: number): number {
  return Math.round(ms * 1000);
}

function withLabels(spec: TensorSpec, labels: readonly string[] | undefined): TensorSpec {
  return labels === undefined ? spec : { ...spec, labels };
}

function specOf(metadata: InferenceSession.ValueMetadata): TensorSpec {
  if (!metadata.isTensor)
    throw new UnsupportedModel(`"${metadata.name}" is a sequence or a map, not a tensor`);
  const datatype = datatypeOf(metadata.type);
  if (datatype === undefined)
    throw new UnsupportedModel(`"${metadata.name}" has elements of type ${metadata.type}`);
  const shape: Shape = metadata.shape.map((dimension) => (typeof dimension === 'number' ? dimension : -1));
  return { name: metadata.name, datatype, shape };
}
