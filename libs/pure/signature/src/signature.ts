/**
 * A version's signature: the file `signature.json` in its bundle. It says which tensors the model takes and gives, and
 * which feature fills which input, so that the gateway can build a request, inference can check one and the monitor
 * can tell which source a shifted feature comes from.
 */
export interface Signature {
  readonly featureService: string;
  readonly featureServiceVersion: number;
  /** In the order of the model's inputs. */
  readonly inputs: readonly ModelInput[];
  readonly outputs: readonly ModelOutput[];
}

export interface ModelInput {
  readonly name: string;
  /** OIP datatype, e.g. "FP32", "INT64". */
  readonly datatype: string;
  /** -1 stands for any size; the first dimension is the batch. */
  readonly shape: readonly number[];
  /** "view:feature" that fills the input; absent for inputs that only callers fill. */
  readonly feature?: string;
  /** The source that the feature comes from, "request" for request-time features. */
  readonly source?: string;
}

export interface ModelOutput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** The bytes are no signature; `path` names the part that is wrong, e.g. "inputs[2].datatype". */
export class SignatureError extends Error {
  readonly path: string;

  constructor(path: string, problem: string) {
    super(`signature.json: ${path} ${problem}`);
    this.name = 'SignatureError';
    this.path = path;
  }
}

/** Canonical UTF-8 JSON of a signature: fixed key order, no white space, so equal signatures have equal digests. */
export function formatSignature(signature: Signature): string {
  return JSON.stringify({
    featureService: signature.featureService,
    featureServiceVersion: signature.featureServiceVersion,
    inputs: signature.inputs.map(({ name, datatype, shape, feature, source }) => ({
      name,
      datatype,
      shape,
      feature,
      source,
    })),
    outputs: signature.outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
  });
}

/** @throws SignatureError where the text is not a signature. */
export function parseSignature(text: string): Signature {
  const root = object(parseJson(text), 'the file');
  return {
    featureService: string(root['featureService'], 'featureService'),
    featureServiceVersion: integer(root['featureServiceVersion'], 'featureServiceVersion'),
    inputs: array(root['inputs'], 'inputs').map((input, i) => parseInput(input, `inputs[${i}]`)),
    outputs: array(root['outputs'], 'outputs').map((output, i) => parseTensor(output, `outputs[${i}]`)),
  };
}

function parseInput(value: unknown, path: string): ModelInput {
  const { feature, source } = object(value, path);
  return {
    ...parseTensor(value, path),
    ...(feature === undefined ? {} : { feature: string(feature, `${path}.feature`) }),
    ...(source === undefined ? {} : { source: string(source, `${path}.source`) }),
  };
}

function parseTensor(value: unknown, path: string): ModelOutput {
  const tensor = object(value, path);
  return {
    name: string(tensor['name'], `${path}.name`),
    datatype: string(tensor['datatype'], `${path}.datatype`),
    shape: array(tensor['shape'], `${path}.shape`).map((size, i) => integer(size, `${path}.shape[${i}]`)),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SignatureError('the file', `is not JSON: ${(error as Error).message}`);
  }
}

function object(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SignatureError(path, 'is not an object');
  return value as Record<string, unknown>;
}

function array(value: unknown, path: string): unknown[] {
  if (!Array.isArray(value)) throw new SignatureError(path, 'is not a list');
  return value;
}

function string(value: unknown, path: string): string {
  if (typeof value !== 'string' || value === '') throw new SignatureError(path, 'is not a text');
  return value;
}

function integer(value: unknown, path: string): number {
  if (!Number.isSafeInteger(value)) throw new SignatureError(path, 'is not a whole number');
  return value as number;
}
