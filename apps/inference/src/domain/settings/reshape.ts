import { formatShape, type Shape } from '@plumbline/tensors';
import { configFault } from './config-fault.ts';
import type { ModelConfig, TensorConfig } from './model-config.ts';
import { RunFailed, type Batch, type BatchOutput, type Region, type Runner } from '../runners/runner.ts';
import type { ModelSignature, TensorSpec } from '../signature.ts';

/** The shapes of one tensor, which differ in dimensions of size 1 alone. */
interface Reshape {
  /** Of requests and answers. */
  readonly outer: Shape;
  /** The model's own. */
  readonly inner: Shape;
}

/** A model's shapes as its callers know them, and back. */
export interface Reshaping {
  readonly signature: ModelSignature;
  /** The same runner in the callers' shapes. */
  readonly wrap: (runner: Runner) => Runner;
}

/**
 * What a configuration's `reshape` makes of a model; without any, nothing.
 * @param rowed whether the leading dimension of every tensor is the batch dimension, which dims and reshape leave out.
 * @throws ServiceError MODEL_CONFIG_INVALID where more than dimensions of size 1 differ.
 */
export function reshapingOf(config: ModelConfig, model: ModelSignature, rowed: boolean): Reshaping {
  const inputs = reshapesOf(config.inputs, model.inputs, rowed, 'input');
  const outputs = reshapesOf(config.outputs, model.outputs, rowed, 'output');
  if ([...inputs, ...outputs].every((reshape) => reshape === undefined)) {
    return { signature: model, wrap: (runner) => runner };
  }
  const outerSpec = (spec: TensorSpec, reshape: Reshape | undefined): TensorSpec =>
    reshape === undefined ? spec : { ...spec, shape: moveOnes(spec.shape, reshape.inner, reshape.outer) };
  const signature = {
    inputs: model.inputs.map((spec, index) => outerSpec(spec, inputs[index])),
    outputs: model.outputs.map((spec, index) => outerSpec(spec, outputs[index])),
  };
  return { signature, wrap: (runner) => new ReshapedRunner(runner, signature, inputs, outputs) };
}

/**
 * A shape of the form `from` in the form `to`, which differs in literal ones alone; −1 stands for any size.
 * @throws RunFailed where the shape is not of the form `from`.
 */
export function moveOnes(shape: Shape, from: Shape, to: Shape): Shape {
  const isOfForm =
    shape.length === from.length &&
    from.every((size, axis) => size !== 1 || Math.abs(shape[axis] ?? 0) === 1);
  if (!isOfForm)
    throw new RunFailed(`the model gave ${formatShape(shape)} where ${formatShape(from)} is due`);
  const sizes = shape.filter((_, axis) => from[axis] !== 1).values();
  return to.map((size) => (size === 1 ? 1 : (sizes.next().value ?? 1)));
}

function reshapesOf(
  tensors: readonly TensorConfig[],
  specs: readonly TensorSpec[],
  rowed: boolean,
  side: string,
): (Reshape | undefined)[] {
  return specs.map(({ name }) => {
    const index = tensors.findIndex((tensor) => tensor.name === name);
    const { dims, reshape } = tensors[index] ?? {};
    if (dims === undefined || reshape === undefined) return undefined;
    const sizes = (shape: Shape) => formatShape(shape.filter((size) => size !== 1));
    if (sizes(dims) !== sizes(reshape)) {
      throw configFault(
        `${side}[${index}].reshape`,
        `is ${formatShape(reshape)} for dims ${formatShape(dims)}; only dimensions of size 1 are added and left out: export the model with the other shape`,
      );
    }
    const rows = rowed ? [-1] : [];
    return { outer: [...rows, ...dims], inner: [...rows, ...reshape] };
  });
}

/** A runner that takes and gives tensors in other shapes than its model does; the elements stay as they are. */
class ReshapedRunner implements Runner {
  readonly signature: ModelSignature;
  readonly #runner: Runner;
  readonly #inputs: readonly (Reshape | undefined)[];
  readonly #outputs: readonly (Reshape | undefined)[];

  constructor(
    runner: Runner,
    signature: ModelSignature,
    inputs: readonly (Reshape | undefined)[],
    outputs: readonly (Reshape | undefined)[],
  ) {
    this.#runner = runner;
    this.signature = signature;
    this.#inputs = inputs;
    this.#outputs = outputs;
  }

  get device() {
    return this.#runner.device;
  }

  get memoryBytes() {
    return this.#runner.memoryBytes;
  }

  async run({ buffer, inputs, outputs }: Batch) {
    const result = await this.#runner.run({
      buffer,
      inputs: inputs.map((region, index) => inward(region, this.#inputs[index])),
      outputs: outputs.map((region, index) => region && inward(region, this.#outputs[index])),
    });
    return {
      ...result,
      outputs: result.outputs.map((output, index) => outward(output, this.#outputs[index])),
    };
  }

  abandon(): void {
    this.#runner.abandon();
  }

  close(): Promise<void> {
    return this.#runner.close();
  }
}

function inward(region: Region, reshape: Reshape | undefined): Region {
  if (reshape === undefined) return region;
  return { ...region, shape: moveOnes(region.shape, reshape.outer, reshape.inner) };
}

function outward(output: BatchOutput, reshape: Reshape | undefined): BatchOutput {
  if (reshape === undefined) return output;
  return { ...output, shape: moveOnes(output.shape, reshape.inner, reshape.outer) };
}
